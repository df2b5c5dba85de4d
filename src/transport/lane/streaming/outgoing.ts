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
export function sendPart<P>(link: Connection<P>, stream: Stream<P>, message: Uint8Array): boolean {
  const size = MESSAGE_PREFIX + message.length;
  if (size <= mayWrite(link, stream)) {
    const at = openFrame(link, stream, size);
    link.out.bytes[at] = 0;
    putUint32(link.out.bytes, at + 1, message.length);
    link.out.bytes.set(message, at + MESSAGE_PREFIX);
    return true;
  }
  if (!link.mayHold(size)) {
    const outcome = link.reset(stream.id, h2Error.enhanceYourCalm, 'held_bytes');
    if (outcome !== undefined) link.fail(outcome);
    return true;
  }
  stream.unsent = withPrefix(message);
  stream.unsentAt = 0;
  stream.blockedAt = link.now;
  link.hold(stream, stream.unsent.length);
  link.blocked.add(stream);
  return sendRest(link, stream);
}

/** Goes on with what waits on `stream`. True: nothing waits any more. */
export function sendRest<P>(link: Connection<P>, stream: Stream<P>): boolean {
  const body = stream.unsent!;
  while (stream.unsentAt < body.length) {
    const size = Math.min(body.length - stream.unsentAt, mayWrite(link, stream));
    if (size <= 0) return false;
    const at = openFrame(link, stream, size);
    link.out.bytes.set(body.subarray(stream.unsentAt, stream.unsentAt + size), at);
    stream.unsentAt += size;
  }
  dropUnsent(link, stream);
  return true;
}

/** Lets go of what waits. */
export function dropUnsent<P>(link: Connection<P>, stream: Stream<P>): void {
  if (stream.unsent === undefined) return;
  link.hold(stream, -stream.unsent.length);
  link.blocked.delete(stream);
  stream.unsent = undefined;
}

/** What one frame may carry now. Nothing goes to a peer that leaves much unread: the socket would keep it all. */
function mayWrite<P>({ out, lane, sendWindow }: Connection<P>, stream: Stream<P>): number {
  if (out.unread > lane.limits.unreadBytesPerConnection) return 0;
  return Math.min(sendWindow, stream.sendWindow, MAX_FRAME_PAYLOAD);
}

/** Begins a DATA frame; the caller writes its payload to where this says. */
function openFrame<P>(link: Connection<P>, stream: Stream<P>, size: number): number {
  stream.sendWindow -= size;
  link.sendWindow -= size;
  return writeFrameHeader(link.out, size, frameType.data, 0, stream.id);
}
