/**
 * What the feed works with.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import type { Ticks } from '../../../lib/ticks.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { Connection } from '../../../transport/connections.ts';
import type { DeliveryObserver } from '../delivery-deps.ts';
import type { IdentitySource } from '../identity-source.ts';
import type { Followers } from './followers.ts';

export interface FeedRevocation {
  readonly kind: 'serial' | 'id' | 'spki';
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly notAfterAt: number;
}

/** All revocations in force, as one value. */
export interface FeedRevocations {
  /** Rises with every change. */
  readonly sequence: number;
  readonly rows: readonly FeedRevocation[];
}

export interface FeedDeps {
  readonly source: IdentitySource;
  readonly revocations: Watchable<FeedRevocations>;
  /** How long ago the authority last saw its store. */
  readonly storeAgeMs: () => number;
  /** Whether a decider of ours is at the other end: the holder of a decider's SVID, or our own user on a unix socket. */
  readonly isDecider: (connection: Connection) => boolean;
  /** @throws GatehouseError `not_entitled` */
  readonly useJoinToken: (token: string, decider: string) => Promise<void>;
  readonly followers: Followers;
  readonly clock: Clock;
  /** A sign of life leaves at each. */
  readonly ticks: Ticks;
  readonly observer: Pick<DeliveryObserver, 'streamOpened' | 'streamClosed' | 'failed'>;
}
