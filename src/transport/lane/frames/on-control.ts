/**
 * PING, RST_STREAM, PRIORITY, GOAWAY, PUSH_PROMISE and frames that nobody knows (RFC 9113 §6.3, §6.4, §6.6–6.8, §5.5).
 * @module
 */
import type { Connection } from '../connection/connection.ts';
import { fault, type Outcome } from '../fault.ts';
import { flag, h2Error } from '../wire/protocol.ts';
import { uint31, writePing } from '../wire/write-frames.ts';

export function onPing<P>(
  link: Connection<P>,
  flags: number,
  id: number,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  if (id !== 0) return fault(h2Error.protocol, 'frame_invalid', 'PING on a stream');
  if (end - start !== 8) return fault(h2Error.frameSize, 'frame_size', 'PING of a wrong length');
  if ((flags & flag.ack) === 0) {
    writePing(link.out, flag.ack, bytes.subarray(start, end));
    return link.spend('ping_flood');
  }
  if (!link.isDrainPing(bytes, start)) return link.spend('ignored_frames');
  link.drainNow();
  return undefined;
}

export function onRstStream<P>(link: Connection<P>, id: number, start: number, end: number): Outcome {
  if (end - start !== 4) return fault(h2Error.frameSize, 'frame_size', 'RST_STREAM of a wrong length');
  const stream = link.streams.get(id);
  if (stream === undefined && link.past.of(id) === 'idle') {
    return fault(h2Error.protocol, 'frame_invalid', 'RST_STREAM on an idle stream');
  }
  link.lane.counts.resetsReceived += 1;
  if (stream !== undefined) link.forget(stream);
  return link.spend('reset_flood');
}

/** Priority is ignored (RFC 9113 §5.3.2), but for what is no valid frame. */
export function onPriority<P>(link: Connection<P>, id: number, bytes: Buffer, start: number, end: number): Outcome {
  if (id === 0) return fault(h2Error.protocol, 'frame_invalid', 'PRIORITY on no stream');
  const flood = link.spend('priority_flood');
  if (flood !== undefined) return flood;
  const sound = end - start === 5 && uint31(bytes, start) !== id;
  if (sound) return undefined;
  const code = end - start === 5 ? h2Error.protocol : h2Error.frameSize;
  if (link.streams.has(id)) return link.reset(id, code, 'frame_invalid');
  return fault(code, 'frame_invalid', 'PRIORITY of a wrong length, or on itself');
}

/** A client that goes away finishes its streams and closes by itself. */
export function onGoaway<P>(link: Connection<P>, id: number, start: number, end: number): Outcome {
  if (id !== 0) return fault(h2Error.protocol, 'frame_invalid', 'GOAWAY on a stream');
  if (end - start < 8) return fault(h2Error.frameSize, 'frame_size', 'GOAWAY of a wrong length');
  return link.spend('ignored_frames');
}

export function onPushPromise(): Outcome {
  return fault(h2Error.protocol, 'frame_invalid', 'a client cannot push');
}

export function onUnknown<P>(link: Connection<P>): Outcome {
  return link.spend('ignored_frames');
}
