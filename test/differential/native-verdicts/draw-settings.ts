/**
 * Draws what the decision of a batch is set to, and writes it as a configuration.
 * @module
 */
import fc from 'fast-check';
import { drawnCallers } from './draw-questions.ts';

type PlaneSetting = 'off' | 'observe' | 'enforce';

/** What the decision is set to. */
export interface DrawnSettings {
  /** Empty, or `old.td`. */
  readonly aliases: readonly string[];
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly peerTrustDomains: 'any' | 'own';
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  readonly absence: 'upstream' | 'strict';
  /** Callers, by their index, of whom something is revoked. */
  readonly revoked: readonly { readonly by: 'id' | 'serial' | 'spki'; readonly caller: number }[];
  /** How the Envoys clean paths. */
  readonly paths: 'strict' | 'istio';
  /** Of sidecars. */
  readonly trustedHops: number;
  readonly allowEmpty: boolean;
  /** There is no policy at all. */
  readonly isEmpty: boolean;
  /** There is a candidate, which denies everything. */
  readonly hasCandidate: boolean;
  /** Undefined: there is no registry, and no policy of these. */
  readonly planes: { readonly [plane in 'calico' | 'l4' | 'site']: PlaneSetting } | undefined;
}

const modes = fc.constantFrom<PlaneSetting>('off', 'observe', 'enforce', 'enforce');
const planes = fc.record({
  ...{ calico: modes, l4: modes },
  site: fc.constantFrom<PlaneSetting>('off', 'observe', 'observe', 'enforce'),
});

/** Those whose certificate says one name of our trust domain and nothing else: nobody else is revoked here. */
const ours = drawnCallers.flatMap(({ uris, dnsNames, commonName }, i) =>
  uris.length === 1 &&
  uris[0]!.startsWith('spiffe://cluster.local/') &&
  dnsNames.length === 0 &&
  commonName === undefined
    ? [i]
    : [],
);

const revoked = (...by: readonly DrawnSettings['revoked'][number]['by'][]) =>
  fc.uniqueArray(fc.record({ by: fc.constantFrom(...by), caller: fc.constantFrom(...ours) }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ caller }) => caller,
  });

const arbitrarySettings: fc.Arbitrary<DrawnSettings> = fc.record({
  aliases: fc.constantFrom([], ['old.td'], ['old.td']),
  verifyPeer: fc.constantFrom('off', 'off', 'off', 'observe', 'observe', 'enforce'),
  peerTrustDomains: fc.constantFrom('any', 'any', 'own'),
  ambiguousRequests: fc.constantFrom('asUpstream', 'asUpstream', 'deny'),
  absence: fc.constantFrom('upstream', 'upstream', 'strict'),
  revoked: fc.oneof(
    { weight: 7, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: revoked('id') },
    { weight: 3, arbitrary: revoked('id', 'serial', 'serial') },
    { weight: 1, arbitrary: revoked('spki', 'id', 'serial') },
  ),
  paths: fc.constantFrom('strict', 'istio'),
  trustedHops: fc.constantFrom(0, 0, 1),
  allowEmpty: fc.boolean(),
  isEmpty: fc.nat(19).map((n) => n === 0),
  hasCandidate: fc.nat(4).map((n) => n === 0),
  planes: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: planes }),
});

/** The same for the same seed. A first sample would be of small values most often. */
export const drawSettings = (seed: number): DrawnSettings =>
  fc.sample(fc.noBias(arbitrarySettings), { seed, numRuns: 1 })[0]!; // asked for one

/** Behind these nobody's place is known. */
export const HOPS = '127.7.0.0/16';

/** The callers whose certificates Gatehouse itself issues, since it is to revoke them. */
export const issuedIn = ({ revoked: all }: DrawnSettings): readonly number[] => [
  ...new Set(all.flatMap(({ by, caller }) => (by === 'id' ? [] : [caller]))),
];
