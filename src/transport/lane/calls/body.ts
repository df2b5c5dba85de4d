/**
 * Puts the message of a request together from its DATA frames.
 *
 * Nothing is reserved for what a peer only announces: the buffer grows as bytes come, to no more than was announced, and is counted.
 * @module
 */
import { grpcStatus } from '../../../errors.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import type { GrpcRefusal } from '../method.ts';
import { uint32 } from '../wire/write-frames.ts';

/** Compressed flag and length, in front of every gRPC message. */
export const MESSAGE_PREFIX = 5;
/** A frame below this that does not end its stream is counted: only a flood sends many. */
export const SMALL_FRAME = 256;
const FIRST_BUFFER = 512;
const GROWTH = 4;

/** Whether `content-length`, if it was sent, told the truth (RFC 9113 §8.1.1). */
export function bodyIsComplete<P>(stream: Stream<P>): boolean {
  const { contentLength } = stream.head;
  return contentLength < 0 || contentLength === stream.bodyBytes;
}

/** Keeps `bytes[start, end)` on the stream. Returns a refusal when the message may not be taken. */
export function keepBody<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  bytes: Buffer,
  start: number,
  end: number,
): GrpcRefusal | undefined {
  const filled = stream.bodyFilled + (end - start);
  const limit = connection.lane.limits.messageBytes;
  if (filled > limit + MESSAGE_PREFIX) return tooLarge(connection, filled - MESSAGE_PREFIX);
  if (!growBody(connection, stream, filled, announcedIn(stream, bytes, start, end))) return tooMuchHeld(connection);
  bytes.copy(stream.body!, stream.bodyFilled, start, end);
  stream.bodyFilled = filled;
  if (filled < MESSAGE_PREFIX) return undefined;
  const length = uint32(stream.body!, 1);
  if (length > limit) return tooLarge(connection, length);
  return filled > MESSAGE_PREFIX + length ? secondMessage(stream) : undefined;
}

/** Lets go of a request's body once it is answered. */
export function releaseBody<P>(connection: Connection<P>, stream: Stream<P>): void {
  if (stream.body === undefined) return;
  connection.hold(stream, -stream.body.length);
  stream.body = undefined;
}

/** Says that a request holds more than the one message of a unary call. */
function secondMessage<P>(stream: Stream<P>): GrpcRefusal {
  return {
    status: grpcStatus.unimplemented,
    message: `Received a second request message for unary method ${stream.head.path}`,
  };
}

/** Says that a request ended before its message did. */
export function noMessage<P>(stream: Stream<P>): GrpcRefusal {
  return {
    status: grpcStatus.unimplemented,
    message: `Received no request message for unary method ${stream.head.path}`,
  };
}

/** Says that no more may be held. */
export function tooMuchHeld<P>(connection: Connection<P>): GrpcRefusal {
  connection.countHostile('held_bytes');
  return { status: grpcStatus.resourceExhausted, message: 'Too many bytes of unfinished requests' };
}

/** Says that a message is above the limit. */
export function tooLarge<P>(connection: Connection<P>, length: number): GrpcRefusal {
  connection.countHostile('message_size');
  return {
    status: grpcStatus.resourceExhausted,
    message: `Received message larger than max (${length} vs ${connection.lane.limits.messageBytes})`,
  };
}

/** Says that a message is above the limit once it is decompressed. */
export function tooLargeInflated<P>(connection: Connection<P>): GrpcRefusal {
  connection.countHostile('message_size');
  return {
    status: grpcStatus.resourceExhausted,
    message: `Received message that decompresses to a size larger than ${connection.lane.limits.messageBytes}`,
  };
}

/** The length that the message announces, with its prefix, if its prefix is there whole: among what is kept, or at the head of what comes. */
export function announcedIn<P>(stream: Stream<P>, bytes: Buffer, start: number, end: number): number | undefined {
  if (stream.bodyFilled >= MESSAGE_PREFIX) return MESSAGE_PREFIX + uint32(stream.body!, 1);
  if (stream.bodyFilled > 0 || end - start < MESSAGE_PREFIX) return undefined;
  return MESSAGE_PREFIX + uint32(bytes, start + 1);
}

/** Makes room for `needed` bytes of the message that is put together. False: no more may be held. */
export function growBody<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  needed: number,
  announced: number | undefined,
): boolean {
  const old = stream.body;
  if (old !== undefined && needed <= old.length) return true;
  let size = old?.length ?? FIRST_BUFFER;
  while (size < needed) size *= GROWTH;
  if (announced !== undefined) size = Math.max(needed, Math.min(size, announced));
  const more = size - (old?.length ?? 0);
  if (!connection.mayHold(more)) return false;
  const body = Buffer.allocUnsafeSlow(size);
  if (old !== undefined) old.copy(body, 0, 0, stream.bodyFilled);
  connection.hold(stream, more);
  stream.body = body;
  return true;
}
