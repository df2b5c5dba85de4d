/**
 * Every limit of the lane, with its default. Sizes are bytes, times are milliseconds.
 * @module
 */

/** The limits of one lane. */
export interface LaneLimits {
  /** Longest gRPC message, after decompression; longer is RESOURCE_EXHAUSTED. */
  readonly messageBytes: number;
  /** Fields of one request as RFC 9113 §6.5.2 counts them (32 a field on top); advertised. */
  readonly headerListBytes: number;
  /** One header block as it comes over the wire, CONTINUATION included. */
  readonly headerBlockBytes: number;
  /** CONTINUATION frames of one block. */
  readonly continuationFrames: number;
  /** Open streams of one connection; advertised. */
  readonly concurrentStreams: number;
  /** Open streams of one that has not yet acknowledged our SETTINGS, and so cannot know that limit; for `prefaceMs` at most. */
  readonly greetingStreams: number;
  readonly connections: number;
  /** Receive window of a stream (advertised) and of a connection. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** What one connection, and all of them, may make us hold of unfinished requests. */
  readonly heldBytesPerConnection: number;
  readonly heldBytes: number;
  /** Output that one connection may leave unread before we stop reading from it, and what all may before one is closed. */
  readonly unreadBytesPerConnection: number;
  readonly unreadBytes: number;
  /** Messages being decompressed at a time; others wait. */
  readonly inflating: number;
  /** From accept to the client's preface and first SETTINGS. */
  readonly prefaceMs: number;
  /** From the first byte of a frame or header block to its last. */
  readonly frameMs: number;
  /** From the first HEADERS of a request to its end. */
  readonly requestMs: number;
  /** How long a reply may wait for the peer's flow-control window. */
  readonly windowMs: number;
  /** How long output may wait for the peer to read anything of it. */
  readonly unreadMs: number;
  /** A connection without streams and frames is closed after this. */
  readonly idleMs: number;
  /** How long `drain` waits for the peers, and how long a closed connection may linger. */
  readonly drainMs: number;
  readonly lingerMs: number;
  /** How often connections are looked at while none has anything under way. */
  readonly quietTickMs: number;
}

/** Those of a decider; listeners of identities differ in some. */
export const defaultLimits: LaneLimits = Object.freeze({
  messageBytes: 4 * 1024 * 1024,
  headerListBytes: 16_384,
  headerBlockBytes: 32_768,
  continuationFrames: 16,
  concurrentStreams: 256,
  greetingStreams: 2_048,
  connections: 1_024,
  streamWindow: 256 * 1024,
  connectionWindow: 1024 * 1024,
  heldBytesPerConnection: 8 * 1024 * 1024,
  heldBytes: 32 * 1024 * 1024,
  unreadBytesPerConnection: 128 * 1024,
  unreadBytes: 16 * 1024 * 1024,
  inflating: 2,
  prefaceMs: 10_000,
  frameMs: 20_000,
  requestMs: 60_000,
  windowMs: 30_000,
  unreadMs: 30_000,
  idleMs: 3_600_000,
  drainMs: 10_000,
  lingerMs: 1_000,
  quietTickMs: 1_000,
});
