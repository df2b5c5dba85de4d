/**
 * What the connections of one lane have in common.
 * @module
 */
import type { GatehouseError } from '../../../errors.ts';
import type { GrpcMethod } from '../../grpc-methods.ts';
import type { LaneCounts } from '../counts.ts';
import type { LaneLimits } from '../limits.ts';
import type { LaneMethod } from '../method.ts';
import type { HeadReader } from '../request/request-head.ts';
import type { OutputPool } from '../wire/output.ts';
import type { Inflate } from './inflate.ts';

/** One lane, as its connections see it. Sizes are bytes. */
export interface Shared<P> {
  readonly limits: LaneLimits;
  readonly counts: LaneCounts;
  readonly heads: HeadReader<LaneMethod<P>, GrpcMethod<P>>;
  readonly inflate: Inflate;
  readonly outputs: OutputPool;
  /** What plain sockets read into, one after another. */
  readonly input: Buffer;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  readonly failed: (thrown: unknown) => void;
  readonly callFailed: (path: string, error: GatehouseError, peer: P) => void;
  /** Held of unfinished requests and unsent replies, over all connections; each adds its own. */
  held: number;
  /** Output not yet read, over all connections; each adds its own. */
  unread: number;
  /** Makes the connection that holds most let go of some. False if `asking` is that one, or there is still no room for `size`. */
  makeRoom(asking: { readonly held: number }, size: number): boolean;
  /** Ends connections, those with most output unread first, until all together have less than the limit. */
  shedUnread(): void;
  /** Asks for a look at all connections soon: something waits that has a deadline. */
  soon(): void;
}
