/**
 * One request and its reply.
 * @module
 */
import type { GrpcRefusal, LaneHead } from '../method.ts';

/** The call of a GrpcMethod, as its stream knows it. */
export interface StreamCall {
  /** It only waits, and would be missed by nobody. */
  readonly countsAsIdle: boolean;
  /** Since when the request, or one message of it, is incomplete; -1 when it is whole, or need not be. */
  readonly incompleteAt: number;
  /** Takes the next bytes of the request, `bytes[start, end)`. */
  receive(bytes: Buffer, start: number, end: number): void;
  /** Hears that the peer has said all. */
  halfClosed(): void;
  /** Goes on sending. True: nothing waits any more. */
  resume(): boolean;
  /** Ends with a status; undefined is OK. What has not begun to be sent is not sent. */
  end(refusal: GrpcRefusal | undefined): void;
  /** Tells the handler that the server stops; the call ends with UNAVAILABLE when the handler does. */
  stop(): void;
  /** Hears that its stream has ended, whoever ended it: nothing can be sent any more. */
  streamEnded(): void;
}

/** An open stream (RFC 9113 §5). Sizes are bytes, times are milliseconds of the lane's clock. */
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
  /** How much of `unsent` is sent. */
  unsentOffset: number;
  /** Whether trailers follow `unsent`, or its last frame ends the stream. */
  unsentTrailers: boolean;
  blockedAt: number;
  /** Its call, when a GrpcMethod answers it. */
  call: StreamCall | undefined;
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
    unsentOffset: 0,
    unsentTrailers: false,
    blockedAt: 0,
    call: undefined,
    held: 0,
  };
}
