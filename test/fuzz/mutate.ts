/**
 * Changes bytes blindly.
 * @module
 */
import type { Random } from './random.ts';

const tellingBytes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbe, 0xc0, 0xe0, 0xfe, 0xff];
const tellingWords = [0, 1, 0x7f, 0xff, 0x100, 0x3fff, 0x4000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

type Change = (bytes: Buffer, other: Buffer, random: Random) => Buffer;

const changes: readonly Change[] = [
  (bytes, _, random) => {
    const at = random.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << random.below(8));
    return bytes;
  },
  (bytes, _, random) => {
    bytes[random.below(bytes.length)] = random.pick(tellingBytes);
    return bytes;
  },
  (bytes, _, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  (bytes, _, random) => {
    if (bytes.length < 4) return bytes;
    bytes.writeUInt32BE(random.pick(tellingWords), random.below(bytes.length - 3));
    return bytes;
  },
  function erase(bytes, _, random) {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
  },
  function repeat(bytes, _, random) {
    const at = random.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + random.below(32));
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  },
  function insert(bytes, _, random) {
    const at = random.below(bytes.length);
    const part = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  },
  function splice(bytes, other, random) {
    if (other.length === 0) return bytes;
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
  },
  (bytes, _, random) => bytes.subarray(0, 1 + random.below(bytes.length)),
];

/** A copy of `input` with one to four changes; never empty. */
export function mutateBytes(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input.length === 0 ? [0] : input);
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const changed = random.pick(changes)(bytes, other, random);
    if (changed.length > 0) bytes = Buffer.from(changed);
  }
  return bytes;
}
