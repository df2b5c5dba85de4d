/**
 * PING, RST_STREAM, PRIORITY, GOAWAY, PUSH_PROMISE and frames of other types (RFC 9113 §6.3, §6.4, §6.6–6.8, §5.5).
 * @module
 */

import type { Connection } from '../connection/connection.ts';
import { isDrainPing, nameLastStream } from '../connection/drain.ts';
import type { Frame } from '../wire/frame.ts';
import { fault, flag, h2Error, type Outcome } from '../wire/protocol.ts';
import { uint31, writePing } from '../wire/write-frames.ts';

/** PING: answers it; an answer to ours moves a drain on (RFC 9113 §6.7). */
export function onPing<P>(connection: Connection<P>, frame: Frame): Outcome {
  const { flags, bytes, start, end } = frame;
  if (frame.streamId !== 0) return fault(h2Error.protocol, 'frame_invalid', 'PING on a stream');
  if (end - start !== 8) return fault(h2Error.frameSize, 'frame_size', 'PING of a wrong length');
  if ((flags & flag.ack) === 0) {
    writePing(connection.out, flag.ack, bytes.subarray(start, end));
    return connection.spend('ping_flood');
  }
  if (!isDrainPing(connection, bytes, start)) return connection.spend('ignored_frames');
  nameLastStream(connection);
  return undefined;
}

/** RST_STREAM: the stream is over (RFC 9113 §6.4). */
export function onRstStream<P>(connection: Connection<P>, { streamId: id, start, end }: Frame): Outcome {
  if (end - start !== 4) return fault(h2Error.frameSize, 'frame_size', 'RST_STREAM of a wrong length');
  const stream = connection.streams.get(id);
  if (stream === undefined && connection.past.of(id) === 'idle') {
    return fault(h2Error.protocol, 'frame_invalid', 'RST_STREAM on an idle stream');
  }
  connection.lane.counts.resetsReceived += 1;
  if (stream !== undefined) connection.removeStream(stream);
  return connection.spend('reset_flood');
}

/** PRIORITY: ignored (RFC 9113 §5.3.2, §6.3), but for what is no valid frame. */
export function onPriority<P>(connection: Connection<P>, { streamId: id, bytes, start, end }: Frame): Outcome {
  if (id === 0) return fault(h2Error.protocol, 'frame_invalid', 'PRIORITY on no stream');
  const flood = connection.spend('priority_flood');
  if (flood !== undefined) return flood;
  const sound = end - start === 5 && uint31(bytes, start) !== id;
  if (sound) return undefined;
  const code = end - start === 5 ? h2Error.protocol : h2Error.frameSize;
  if (connection.streams.has(id)) return connection.resetStream(id, code, 'frame_invalid');
  return fault(code, 'frame_invalid', 'PRIORITY of a wrong length, or on itself');
}

/** GOAWAY: ignored, as a client that goes away finishes its streams and closes by itself (RFC 9113 §6.8). */
export function onGoaway<P>(connection: Connection<P>, { streamId: id, start, end }: Frame): Outcome {
  if (id !== 0) return fault(h2Error.protocol, 'frame_invalid', 'GOAWAY on a stream');
  if (end - start < 8) return fault(h2Error.frameSize, 'frame_size', 'GOAWAY of a wrong length');
  return connection.spend('ignored_frames');
}

/** PUSH_PROMISE: a client must not send it (RFC 9113 §8.4). */
export function onPushPromise(): Outcome {
  return fault(h2Error.protocol, 'frame_invalid', 'a client cannot push');
}

/** Frames of other types are ignored (RFC 9113 §5.5), as long as they are few. */
export function onUnknown<P>(connection: Connection<P>): Outcome {
  return connection.spend('ignored_frames');
}
