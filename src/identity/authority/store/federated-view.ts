/**
 * The bundles of other trust domains that are in force, of those that the state holds.
 * @module
 */
import type { Bundle } from '../../../spiffe/bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { StoredBundle } from './state.ts';

/** Other trust domains, as the configuration of this moment has them. */
export interface Federated {
  readonly names: (trustDomain: TrustDomain) => boolean;
}

type View = ReadonlyMap<TrustDomain, Bundle>;

/**
 * Creates a reader of stored bundles: one that was set by hand is in force, another as long as the configuration names its trust
 * domain. While nothing changes it answers the same map, and the same bundle for what has not changed: who has it needs no other.
 */
export function createFederatedView(): (
  stored: readonly StoredBundle[] | undefined,
  names: Federated['names'],
) => View {
  const known = new Map<TrustDomain, { readonly text: string; readonly bundle: Bundle }>();
  let last: View = new Map();
  return (stored = [], names) => {
    const bundles = stored
      .filter(({ trustDomain, isSet }) => isSet || names(trustDomain))
      .map((each) => {
        const text = JSON.stringify(each);
        const before = known.get(each.trustDomain);
        if (before?.text === text) return before.bundle;
        const bundle = bundleIn(each);
        known.set(each.trustDomain, { text, bundle });
        return bundle;
      });
    const isSame = bundles.length === last.size && bundles.every((each) => last.get(each.trustDomain) === each);
    if (!isSame) last = new Map(bundles.map((each) => [each.trustDomain, each]));
    return last;
  };
}

/** A stored bundle as a value. */
export function bundleIn({
  trustDomain,
  sequence,
  refreshHintSeconds,
  x509Authorities,
  jwtAuthorities,
}: StoredBundle): Bundle {
  const exact = BigInt(sequence);
  return {
    trustDomain,
    sequence: exact > BigInt(Number.MAX_SAFE_INTEGER) ? exact : Number(exact),
    refreshHintSeconds,
    x509Authorities: x509Authorities.map((base64) => Buffer.from(base64, 'base64')),
    jwtAuthorities,
  };
}
