/**
 * Decompresses messages off the loop, a few at a time, never past the message limit.
 * @module
 */
import { gunzip, inflate } from 'node:zlib';

/** What can be asked for by `grpc-encoding`. */
export type Inflation =
  | { readonly ok: true; readonly message: Buffer }
  | { readonly ok: false; readonly tooLarge: boolean };

/** Names for `grpc-accept-encoding`. */
export const acceptedEncodings = 'identity,deflate,gzip';

/**
 * Decompresses what `take` returns when its turn comes; undefined by then means that nobody waits for it any more, so that what
 * waits holds no bytes of its own. They must stay as they are until it is done.
 */
export type Inflate = (encoding: 'gzip' | 'deflate', take: () => Buffer | undefined) => Promise<Inflation>;

const nothing: Inflation = { ok: false, tooLarge: false };

/**
 * Creates the lane's decompression.
 *
 * @param limit     bytes that a message may have
 * @param parallel  how many run at a time; others wait in order
 */
export function createInflate(limit: number, parallel: number): Inflate {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = (): void => {
    running -= 1;
    waiting.shift()?.();
  };
  const run = (encoding: 'gzip' | 'deflate', compressed: Buffer): Promise<Inflation> =>
    new Promise((resolve) => {
      const unpack = encoding === 'gzip' ? gunzip : inflate;
      unpack(compressed, { maxOutputLength: limit }, (error, message) => {
        if (error === null) resolve({ ok: true, message });
        else resolve({ ok: false, tooLarge: 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' });
      });
    });
  return async (encoding, take) => {
    if (running >= parallel) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      const compressed = take();
      return compressed === undefined ? nothing : await run(encoding, compressed);
    } finally {
      next();
    }
  };
}
