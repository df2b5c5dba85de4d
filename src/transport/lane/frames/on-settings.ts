/**
 * SETTINGS (RFC 9113 §6.5).
 * @module
 */
import type { Connection } from '../connection/connection.ts';
import { fault, type Outcome } from '../fault.ts';
import { flag, HEADER_TABLE_SIZE, h2Error, MAX_FRAME_PAYLOAD, MAX_WINDOW, setting } from '../wire/protocol.ts';
import { uint32, writeSettingsAck } from '../wire/write-frames.ts';
import { resumeBlocked } from './on-window-update.ts';

const ROW = 6;
const LARGEST_FRAME_LIMIT = 16_777_215;

export function onSettings<P>(
  link: Connection<P>,
  flags: number,
  id: number,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  if (id !== 0) return fault(h2Error.protocol, 'frame_invalid', 'SETTINGS on a stream');
  if (flags & flag.ack) return onAck(link, end - start);
  if ((end - start) % ROW !== 0) return fault(h2Error.frameSize, 'frame_size', 'SETTINGS of odd length');
  const flood = link.phase === 'open' ? link.spend('settings_flood') : undefined;
  if (flood !== undefined) return flood;
  link.phase = 'open';
  let streamWindow = -1;
  for (let at = start; at < end; at += ROW) {
    const name = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = uint32(bytes, at + 2);
    if (name === setting.initialWindowSize) {
      if (value > MAX_WINDOW) return fault(h2Error.flowControl, 'window_overflow', 'initial window too large');
      streamWindow = value;
    } else if (name === setting.headerTableSize) {
      if (value < HEADER_TABLE_SIZE && !link.tableGivenUp) link.tableUpdateDue = true;
    } else if (!isSound(name, value)) return fault(h2Error.protocol, 'frame_invalid', `setting ${name} is invalid`);
  }
  writeSettingsAck(link.out);
  return streamWindow >= 0 ? changeStreamWindows(link, streamWindow) : undefined;
}

/** Settings that we have no use for must be valid all the same. */
function isSound(name: number, value: number): boolean {
  if (name === setting.enablePush) return value <= 1;
  if (name === setting.maxFrameSize) return value >= MAX_FRAME_PAYLOAD && value <= LARGEST_FRAME_LIMIT;
  return true;
}

/** Applies the last initial window of a frame, once: the difference goes to every open stream (RFC 9113 §6.9.2). */
function changeStreamWindows<P>(link: Connection<P>, size: number): Outcome {
  const difference = size - link.peerStreamWindow;
  link.peerStreamWindow = size;
  for (const stream of link.streams.values()) {
    stream.sendWindow += difference;
    if (stream.sendWindow > MAX_WINDOW) return fault(h2Error.flowControl, 'window_overflow', 'window too large');
  }
  if (difference > 0) resumeBlocked(link);
  return undefined;
}

function onAck<P>(link: Connection<P>, length: number): Outcome {
  if (length > 0) return fault(h2Error.frameSize, 'frame_size', 'SETTINGS acknowledgement with a payload');
  if (link.phase === 'greeting') return fault(h2Error.protocol, 'frame_invalid', 'the first frame must be SETTINGS');
  if (!link.settingsAckDue) return link.spend('ignored_frames');
  link.settingsAckDue = false;
  return undefined;
}
