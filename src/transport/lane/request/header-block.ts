/**
 * A header block that comes in more than one frame (RFC 9113 §4.3).
 * @module
 */

/** A block as far as it is here. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  /** Whether its priority made the stream depend on itself, which is a fault. */
  readonly selfDependent: boolean;
  readonly begunAt: number;
  bytes: Buffer;
  length: number;
  continuations: number;
}

/** Adds `from[start, end)` to the block. False: it would be longer than `limit`. */
export function extendBlock(block: HeaderBlock, from: Buffer, start: number, end: number, limit: number): boolean {
  const length = block.length + (end - start);
  if (length > limit) return false;
  if (length > block.bytes.length) {
    const grown = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(length, 2 * block.bytes.length)));
    block.bytes.copy(grown, 0, 0, block.length);
    block.bytes = grown;
  }
  from.copy(block.bytes, block.length, start, end);
  block.length = length;
  return true;
}
