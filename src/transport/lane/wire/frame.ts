/**
 * A frame as it came (RFC 9113 §4.1).
 * @module
 */

/** One frame; its payload is `bytes[start, end)`. The object is used again for the next: whoever needs it later copies. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}
