/**
 * SETTINGS (RFC 9113 §6.5).
 * @module
 */

import type { Connection } from '../connection/connection.ts';
import type { Frame } from '../wire/frame.ts';
import { fault, flag, h2Error, MAX_FRAME_PAYLOAD, MAX_WINDOW, type Outcome, setting } from '../wire/protocol.ts';
import { uint32, writeSettingsAck } from '../wire/write-frames.ts';
import { resumeBlocked } from './on-window-update.ts';

const ROW = 6;
const LARGEST_FRAME_LIMIT = 16_777_215;

/** SETTINGS: applies the rows `bytes[start, end)` and acknowledges them, or takes the acknowledgement of ours. */
export function onSettings<P>(connection: Connection<P>, frame: Frame): Outcome {
  const { flags, bytes, start, end } = frame;
  if (frame.streamId !== 0) return fault(h2Error.protocol, 'frame_invalid', 'SETTINGS on a stream');
  if (flags & flag.ack) return onAck(connection, end - start);
  if ((end - start) % ROW !== 0) return fault(h2Error.frameSize, 'frame_size', 'SETTINGS of odd length');
  const flood = connection.phase === 'open' ? connection.spend('settings_flood') : undefined;
  if (flood !== undefined) return flood;
  connection.noteGreeted();
  let streamWindow = -1;
  for (let at = start; at < end; at += ROW) {
    const name = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = uint32(bytes, at + 2);
    if (name === setting.initialWindowSize) {
      if (value > MAX_WINDOW) return fault(h2Error.flowControl, 'window_overflow', 'initial window too large');
      streamWindow = value;
    } else if (name === setting.headerTableSize) connection.settings.limitTable(value);
    else if (!isSound(name, value)) return fault(h2Error.protocol, 'frame_invalid', `setting ${name} is invalid`);
  }
  writeSettingsAck(connection.out);
  return streamWindow >= 0 ? changeStreamWindows(connection, streamWindow) : undefined;
}

/** Settings that we have no use for must be valid all the same. */
function isSound(name: number, value: number): boolean {
  if (name === setting.enablePush) return value <= 1;
  if (name === setting.maxFrameSize) return value >= MAX_FRAME_PAYLOAD && value <= LARGEST_FRAME_LIMIT;
  return true;
}

/** Applies the last initial window of a frame, once: the difference goes to every open stream (RFC 9113 §6.9.2). */
function changeStreamWindows<P>(connection: Connection<P>, size: number): Outcome {
  const difference = connection.settings.changeStreamWindow(size);
  for (const stream of connection.streams.values()) {
    stream.sendWindow += difference;
    if (stream.sendWindow > MAX_WINDOW) return fault(h2Error.flowControl, 'window_overflow', 'window too large');
  }
  if (difference > 0) resumeBlocked(connection);
  return undefined;
}

function onAck<P>(connection: Connection<P>, length: number): Outcome {
  if (length > 0) return fault(h2Error.frameSize, 'frame_size', 'SETTINGS acknowledgement with a payload');
  if (connection.phase === 'greeting')
    return fault(h2Error.protocol, 'frame_invalid', 'the first frame must be SETTINGS');
  return connection.settings.acknowledge() ? undefined : connection.spend('ignored_frames');
}
