/**
 * A backup that is in memory.
 * @module
 */
import type { SealedBytes } from '../../src/identity/authority/recover/sealed-bytes.ts';

/** These bytes, as a file of them would be. */
export function sealedBytesOf(bytes: Uint8Array): SealedBytes {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { length: all.length, read: async (from, to) => all.subarray(from, to) };
}
