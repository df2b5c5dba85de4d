/**
 * One request and its reply.
 * @module
 */
import type { LaneHead } from '../method.ts';
import type { StreamingCall } from '../streaming/streaming-call.ts';

export interface Stream<P> {
  readonly id: number;
  readonly head: LaneHead<P>;
  readonly openedAt: number;
  /** Infinity without a deadline. */
  readonly deadlineAt: number;
  sendWindow: number;
  receiveWindow: number;
  /** The peer has said all (END_STREAM). */
  remoteClosed: boolean;
  /** DATA bytes without padding, for `content-length`. */
  bodyBytes: number;
  /** The message with its prefix, as far as it is here; undefined while nothing had to be kept. */
  body: Buffer | undefined;
  bodyFilled: number;
  /** The reply that waits for the peer's window, since `blockedAt`; undefined while there is none. */
  unsent: Buffer | undefined;
  unsentAt: number;
  /** Whether trailers follow `unsent`, or its last frame ends the stream. */
  unsentTrailers: boolean;
  blockedAt: number;
  /** Its call, when a GrpcMethod answers it. */
  call: StreamingCall<P> | undefined;
  /** What this stream counts towards the bytes held. */
  held: number;
}

/** Creates a stream as its HEADERS opened it. */
export function createStream<P>(
  id: number,
  head: LaneHead<P>,
  openedAt: number,
  sendWindow: number,
  receiveWindow: number,
  remoteClosed: boolean,
): Stream<P> {
  return {
    id,
    head,
    openedAt,
    deadlineAt: head.timeoutMs >= 0 ? openedAt + head.timeoutMs : Number.POSITIVE_INFINITY,
    sendWindow,
    receiveWindow,
    remoteClosed,
    bodyBytes: 0,
    body: undefined,
    bodyFilled: 0,
    unsent: undefined,
    unsentAt: 0,
    unsentTrailers: false,
    blockedAt: 0,
    call: undefined,
    held: 0,
  };
}
