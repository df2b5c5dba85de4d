/**
 * Writes the messages of a call that may have many.
 * @module
 */

import { MESSAGE_PREFIX } from '../calls/body.ts';
import { withPrefix } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import { frameType, h2Error, MAX_FRAME_PAYLOAD } from '../wire/protocol.ts';
import { putUint32, writeFrameHeader } from '../wire/write-frames.ts';

/**
 * Sends `message` as far as the windows and the socket allow; the rest waits on the stream, which is reset when no more may be held.
 * True: nothing waits.
 */
export function sendPart<P>(connection: Connection<P>, stream: Stream<P>, message: Uint8Array): boolean {
  const size = MESSAGE_PREFIX + message.length;
  if (size <= mayWrite(connection, stream)) {
    const at = openFrame(connection, stream, size);
    connection.out.bytes[at] = 0;
    putUint32(connection.out.bytes, at + 1, message.length);
    connection.out.bytes.set(message, at + MESSAGE_PREFIX);
    return true;
  }
  if (!connection.mayHold(size)) {
    const outcome = connection.resetStream(stream.id, h2Error.enhanceYourCalm, 'held_bytes');
    if (outcome !== undefined) connection.fail(outcome);
    return true;
  }
  stream.unsent = withPrefix(message);
  stream.unsentOffset = 0;
  stream.blockedAt = connection.now;
  connection.hold(stream, stream.unsent.length);
  connection.block(stream);
  return sendRest(connection, stream);
}

/** Goes on with what waits on `stream`. True: nothing waits any more. */
export function sendRest<P>(connection: Connection<P>, stream: Stream<P>): boolean {
  const body = stream.unsent!;
  while (stream.unsentOffset < body.length) {
    const size = Math.min(body.length - stream.unsentOffset, mayWrite(connection, stream));
    if (size <= 0) return false;
    const at = openFrame(connection, stream, size);
    connection.out.bytes.set(body.subarray(stream.unsentOffset, stream.unsentOffset + size), at);
    stream.unsentOffset += size;
  }
  dropUnsent(connection, stream);
  return true;
}

/** Lets go of what waits. */
export function dropUnsent<P>(connection: Connection<P>, stream: Stream<P>): void {
  if (stream.unsent === undefined) return;
  connection.hold(stream, -stream.unsent.length);
  connection.unblock(stream);
  stream.unsent = undefined;
}

/** What one frame may carry now. Nothing goes to a peer that leaves much unread: the socket would keep it all. */
function mayWrite<P>({ unread, flow }: Connection<P>, stream: Stream<P>): number {
  if (unread.isTooMuch) return 0;
  return Math.min(flow.sendWindow, stream.sendWindow, MAX_FRAME_PAYLOAD);
}

/** Begins a DATA frame; the caller writes its payload to where this says. */
function openFrame<P>(connection: Connection<P>, stream: Stream<P>, size: number): number {
  stream.sendWindow -= size;
  connection.flow.spend(size);
  return writeFrameHeader(connection.out, size, frameType.data, 0, stream.id);
}
