/**
 * Memory of C for the arguments of PKCS#11: it does not move while a call that runs on another thread reads and writes it.
 * @module
 */
import koffi from 'koffi';
import type { Template } from './cryptoki.ts';

/** CK_ULONG and pointers have 8 bytes on every 64-bit Linux. */
const WORD = 8;
/** CK_ATTRIBUTE: type, pointer, length. */
const ATTRIBUTE = 3 * WORD;

/** A place in it. */
export interface Place {
  readonly pointer: bigint;
  readonly view: Buffer;
}

/** Hands out memory, piece by piece, until all of it is taken back at once. */
export interface Memory {
  take(bytes: number): Place;
  /** CK_ULONGs. */
  takeWords(...values: readonly (number | bigint)[]): Place;
  /** An array of CK_ATTRIBUTE. */
  takeTemplate(template: Template): { readonly pointer: bigint; readonly count: number };
  /** Takes all back, and wipes it: PINs stand in it. */
  reset(): void;
}

/** Allocates it, for as long as the process lives. */
export function createMemory(bytes: number): Memory {
  const start = koffi.alloc('uint8_t', bytes);
  const all = Buffer.from(koffi.view(start, bytes));
  let used = 0;
  const take = (length: number): Place => {
    const at = used;
    used += Math.ceil(Math.max(length, 1) / WORD) * WORD;
    if (used > bytes) throw new RangeError(`a PKCS#11 call needs more than ${bytes} bytes`);
    return { pointer: start + BigInt(at), view: all.subarray(at, at + length) };
  };
  const takeWords = (...values: readonly (number | bigint)[]): Place => {
    const place = take(values.length * WORD);
    for (const [i, value] of values.entries()) place.view.writeBigUInt64LE(BigInt(value), i * WORD);
    return place;
  };
  const takeValue = (value: Uint8Array | boolean | number): Place => {
    if (typeof value === 'number') return takeWords(value);
    const bytes = typeof value === 'boolean' ? Uint8Array.of(value ? 1 : 0) : value;
    const place = take(bytes.length);
    place.view.set(bytes);
    return place;
  };
  return {
    take,
    takeWords,
    takeTemplate(template) {
      const { pointer, view } = take(template.length * ATTRIBUTE);
      for (const [i, [type, value]] of template.entries()) {
        const place = takeValue(value);
        view.writeBigUInt64LE(BigInt(type), i * ATTRIBUTE);
        view.writeBigUInt64LE(place.pointer, i * ATTRIBUTE + WORD);
        view.writeBigUInt64LE(BigInt(place.view.length), i * ATTRIBUTE + 2 * WORD);
      }
      return { pointer, count: template.length };
    },
    reset() {
      all.fill(0, 0, used);
      used = 0;
    },
  };
}

/** The CK_ULONG at an index. */
export const wordAt = (view: Buffer, index: number): bigint => view.readBigUInt64LE(index * WORD);
