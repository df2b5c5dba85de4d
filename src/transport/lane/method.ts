/**
 * What a unary method is to the lane: message bytes in, message bytes out.
 * @module
 */

/** An answer that is a gRPC status other than OK. The text is sent percent-encoded in `grpc-message`. */
export interface GrpcRefusal {
  readonly status: number;
  readonly message: string;
  /** Sent as `grpc-accept-encoding`: which compressions would have been understood. */
  readonly accept?: string;
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
