/**
 * The numbers of HTTP/2 (RFC 9113), named, and faults of a peer against it as values.
 * @module
 */
import type { HostileKind } from '../counts.ts';

/** Frame types (RFC 9113 §6). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags; `ack` and `endStream` share a bit on different frames. */
export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (RFC 9113 §7). `none` doubles as success inside the lane. */
export const h2Error = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** One of the codes that the lane uses. */
export type H2Error = (typeof h2Error)[keyof typeof h2Error];

/** Settings (RFC 9113 §6.5.2). */
export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Length of every frame's header. */
export const FRAME_HEADER = 9;
/** What a frame may carry, both ways: the lane never asks for more than the standard's smallest limit. */
export const MAX_FRAME_PAYLOAD = 16_384;
/** Window of a connection and, until SETTINGS says otherwise, of a stream (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW = 65_535;
/** The largest window, in bytes (RFC 9113 §6.9.1). */
export const MAX_WINDOW = 0x7fff_ffff;
/** The highest stream id (RFC 9113 §5.1.1). */
export const MAX_STREAM_ID = 0x7fff_ffff;
/** Size that a dynamic table may have: the standard's default. For our decoder no setting is sent; our encoder uses no table. */
export const HEADER_TABLE_SIZE = 4_096;

/** What a client says first (RFC 9113 §3.4). */
export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** A fault of a peer that ends its connection: what a frame does returns one, whoever serves the connection acts on it. */
export interface Fault {
  /** Sent in GOAWAY. */
  readonly code: H2Error;
  readonly kind: HostileKind;
  /** Sent in GOAWAY, to be read by people. */
  readonly text: string;
}

/** What became of a frame: undefined, or the end of the connection. */
export type Outcome = Fault | undefined;

/** Returns the fault with these parts. */
export function fault(code: H2Error, kind: HostileKind, text: string): Fault {
  return { code, kind, text };
}
