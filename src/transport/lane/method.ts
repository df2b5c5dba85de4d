/**
 * What methods are to the lane. A LaneMethod is the fast path: message bytes in, message bytes out. Methods that stream, or want to
 * know more of their call, are GrpcMethods.
 * @module
 */
import type { GrpcMethod } from '../grpc-methods.ts';
import type { RequestHead } from './request/request-head.ts';

/** An answer that is a gRPC status other than OK. The text is sent percent-encoded in `grpc-message`. */
export interface GrpcRefusal {
  readonly status: number;
  readonly message: string;
  /** Sent as `grpc-accept-encoding`: which compressions would have been understood. */
  readonly accept?: string;
  /** More trailers. Their values are printable ASCII. */
  readonly trailers?: readonly (readonly [name: string, value: string])[];
}

/** A serialized message, or a status. */
export type LaneReply = Uint8Array | GrpcRefusal;

/**
 * Answers one call. Synchronous answers are the fast path.
 *
 * @param message  the serialized request. Its bytes may be used again once the method has returned, settled or not
 * @param peer     what was given to `accept` with the connection
 */
export type LaneMethod<P> = (message: Uint8Array, peer: P) => LaneReply | Promise<LaneReply>;

/** A request's head on a lane whose connections are `P` to its methods. */
export type LaneHead<P> = RequestHead<LaneMethod<P>, GrpcMethod<P>>;
