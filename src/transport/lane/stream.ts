/**
 * One request and its reply.
 * @module
 */
import type { LaneMethod } from './method.ts';
import type { RequestHead } from './request-head.ts';

export interface Stream<P> {
  readonly id: number;
  readonly head: RequestHead<LaneMethod<P>>;
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
  /** What this stream counts towards the bytes held. */
  held: number;
}

/** What an open stream counts towards the bytes held, before its body. */
export const STREAM_BYTES = 256;

/** Creates a stream as its HEADERS opened it. */
export function createStream<P>(
  id: number,
  head: RequestHead<LaneMethod<P>>,
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
    held: 0,
  };
}
