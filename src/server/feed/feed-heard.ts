/**
 * Holds what the authority said, through a restart too, and never goes back behind it.
 * @module
 */
import { asGatehouseError, type GatehouseError } from '../../errors.ts';
import type { Bundles, FollowResponse, Revocations } from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import type { FeedRevocation, FeedRevocations } from '../../identity/delivery/feed/feed-deps.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import { bundleFromJwks, ownBundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts';
import type { FeedMemory } from './feed-memory.ts';
import { neverLess } from './never-less.ts';

export interface FeedHeardDeps {
  readonly trustDomain: TrustDomain;
  readonly memory: FeedMemory;
  /** The authority asks for a new SVID. */
  readonly renew: () => void;
  readonly report: (error: GatehouseError) => void;
  /** Wall clock, for what expires. */
  readonly now: () => number;
}

export interface FeedHeard {
  /** Undefined until something was heard, now or before a restart. */
  readonly bundles: Watchable<BundleSet | undefined>;
  readonly revocations: Watchable<FeedRevocations | undefined>;
  /** How long ago the authority's store stood behind what we hold; infinite before the first word of this run. */
  ageMs(): number;
  /**
   * Begins to listen to one call: the function takes its messages in turn.
   * @throws {Error} on a message of another authority, or one that cannot be read; the call is of no more use.
   */
  listen(): (message: FollowResponse) => void;
}

/** Starts with what the memory holds. */
export function createFeedHeard({ trustDomain, memory, renew, report, now }: FeedHeardDeps): FeedHeard {
  const bundles = createWatchable(memory.bundles());
  const revocations = createWatchable(memory.revocations());
  let freshAt = Number.NEGATIVE_INFINITY;

  /** What was heard holds although it cannot be written; only a restart would not know it. */
  const keep = (write: () => void): void => {
    try {
      write();
    } catch (thrown) {
      report(asGatehouseError(thrown));
    }
  };

  const takeRevocations = ({ rows, sequence, complete }: Revocations, pieces: FeedRevocation[]): void => {
    for (const { kind, value, notAfterAt } of rows)
      pieces.push({ kind: kindOf(kind), value, notAfterAt: Number(notAfterAt) });
    if (!complete) return;
    const next = neverLess(revocations.value, { sequence: Number(sequence), rows: pieces.splice(0) }, now());
    revocations.replace(next);
    keep(() => memory.keepRevocations(next));
  };

  const takeBundles = (next: BundleSet): void => {
    // Another replica may be a moment behind the one that we followed before.
    if (next.own.sequence < (bundles.value?.own.sequence ?? 0)) return;
    bundles.replace(next);
    keep(() => memory.keepBundles(next));
  };

  return {
    bundles,
    revocations,
    ageMs: () => performance.now() - freshAt,
    listen() {
      const pieces: FeedRevocation[] = [];
      return (message) => {
        if (message.trustDomain !== trustDomain)
          throw new Error(`it is the authority of ${message.trustDomain}, not of ${trustDomain}`);
        if (message.revocations !== undefined) takeRevocations(message.revocations, pieces);
        if (message.bundles?.own !== undefined)
          takeBundles(bundlesOf(message.bundles.own.document, message.bundles, trustDomain));
        freshAt = performance.now() - Number(message.storeAgeMs);
        if (message.renew) renew();
      };
    },
  };
}

function kindOf(text: string): FeedRevocation['kind'] {
  if (text === 'serial' || text === 'id' || text === 'spki' || text === 'decider') return text;
  throw new Error(`it revokes by ${text}, which this version does not know: run the same version as the authority`);
}

function bundlesOf(own: string, { intermediates, federated }: Bundles, trustDomain: TrustDomain): BundleSet {
  return {
    own: ownBundleFromJwks(trustDomain, own),
    intermediates,
    federated: new Map(
      federated.map(({ trustDomain: name, document }) => {
        const foreign = parseTrustDomain(name);
        return [foreign, bundleFromJwks(foreign, document)];
      }),
    ),
  };
}
