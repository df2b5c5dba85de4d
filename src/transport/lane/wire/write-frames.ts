/**
 * Writes frames (RFC 9113 §4.1, §6) into the output of a connection.
 * @module
 */
import type { Output } from './output.ts';
import { FRAME_HEADER, flag, frameType, type H2Error, setting } from './protocol.ts';

/** Writes a frame header and returns the offset of the payload, which the caller fills. */
export function writeFrameHeader(out: Output, length: number, type: number, flags: number, streamId: number): number {
  const at = out.reserve(FRAME_HEADER + length);
  const bytes = out.bytes;
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  putUint32(bytes, at + 5, streamId);
  return at + FRAME_HEADER;
}

/** Writes a whole frame. */
export function writeFrame(out: Output, type: number, flags: number, streamId: number, payload: Uint8Array): void {
  const at = writeFrameHeader(out, payload.length, type, flags, streamId);
  out.bytes.set(payload, at);
}

/** Writes our SETTINGS: streams, stream window, header list; the rest is the standard's default. */
export function writeSettings(out: Output, streams: number, streamWindow: number, headerListBytes: number): void {
  const rows = [
    [setting.maxConcurrentStreams, streams],
    [setting.initialWindowSize, streamWindow],
    [setting.maxHeaderListSize, headerListBytes],
  ] as const;
  let at = writeFrameHeader(out, rows.length * 6, frameType.settings, 0, 0);
  for (const [id, value] of rows) {
    out.bytes[at] = 0;
    out.bytes[at + 1] = id;
    putUint32(out.bytes, at + 2, value);
    at += 6;
  }
}

/** Acknowledges SETTINGS (RFC 9113 §6.5.3). */
export function writeSettingsAck(out: Output): void {
  writeFrameHeader(out, 0, frameType.settings, flag.ack, 0);
}

/** Writes a PING or, with `flag.ack`, the answer to one. @param opaque  8 bytes */
export function writePing(out: Output, flags: number, opaque: Uint8Array): void {
  writeFrame(out, frameType.ping, flags, 0, opaque);
}

/** Grants `increment` bytes more of DATA, on a stream or (id 0) the connection (RFC 9113 §6.9). */
export function writeWindowUpdate(out: Output, streamId: number, increment: number): void {
  const at = writeFrameHeader(out, 4, frameType.windowUpdate, 0, streamId);
  putUint32(out.bytes, at, increment);
}

/** Ends a stream (RFC 9113 §6.4). */
export function writeRstStream(out: Output, streamId: number, code: H2Error): void {
  const at = writeFrameHeader(out, 4, frameType.rstStream, 0, streamId);
  putUint32(out.bytes, at, code);
}

/** Says goodbye: streams above `lastStreamId` are not answered (RFC 9113 §6.8). @param text  Latin-1, for people */
export function writeGoaway(out: Output, lastStreamId: number, code: H2Error, text: string): void {
  const debug = Buffer.from(text, 'latin1');
  const at = writeFrameHeader(out, 8 + debug.length, frameType.goaway, 0, 0);
  putUint32(out.bytes, at, lastStreamId);
  putUint32(out.bytes, at + 4, code);
  out.bytes.set(debug, at + 8);
}

/** Puts `value` at `at`, most significant byte first. */
export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The 31 bits at `at`, most significant byte first; the reserved bit is dropped. */
export function uint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** The 32 bits at `at`, most significant byte first. */
export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
