/**
 * What the feed works with.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import type { Ticks } from '../../../lib/ticks.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { Connection } from '../../../transport/listen/connections.ts';
import type { IdentitySource } from '../../source/identity-source.ts';
import type { DeliveryObserver } from '../delivery-deps.ts';
import type { DeciderReports } from './decider-reports.ts';
import type { Followers } from './followers.ts';

export interface FeedRevocation {
  /** Names of deciders are the authority's own: what they hold is among the serials. */
  readonly kind: 'serial' | 'id' | 'spki' | 'decider';
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

/** How a decider proved that it is one. */
export type DeciderProof =
  | { readonly by: 'socket' }
  /** Lower-case hex. */
  | { readonly by: 'svid'; readonly serial: string };

/** Names that certificates were enrolled under. */
export interface FeedNames {
  /** Undefined: it was not enrolled here. @throws GatehouseError `store_unavailable` */
  ofSerial(serial: string): Promise<string | undefined>;
  /** A living certificate has it. @throws GatehouseError `store_unavailable` */
  isTaken(name: string): Promise<boolean>;
  isThrownOut(name: string): boolean;
}

export interface FeedDeps {
  readonly source: IdentitySource;
  readonly revocations: Watchable<FeedRevocations>;
  /** How long ago the authority last saw its store. */
  readonly storeAgeMs: () => number;
  /** Which decider of ours is at the other end: the holder of a decider's SVID, or our own user on a unix socket. */
  readonly deciderAt: (connection: Connection) => DeciderProof | undefined;
  readonly names: FeedNames;
  /** @throws GatehouseError `not_entitled` */
  readonly useJoinToken: (token: string, decider: string) => Promise<void>;
  readonly followers: Followers;
  readonly reports: DeciderReports;
  /** Told of a peer's certificate, DER, that a decider elsewhere saw refused, and of its name. */
  readonly refusedAt: (decider: string, certificate: Uint8Array) => void;
  readonly clock: Clock;
  /** A sign of life leaves at each. */
  readonly ticks: Ticks;
  readonly observer: Pick<DeliveryObserver, 'streamOpened' | 'streamClosed' | 'failed'>;
}
