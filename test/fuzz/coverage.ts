/**
 * Which pieces of our source have ever run, as V8 counts them.
 *
 * Asking V8 costs milliseconds, so the fuzzer asks for many inputs at a time, and again for each only when something was new.
 * @module
 */
import { Session } from 'node:inspector/promises';

export interface Coverage extends Disposable {
  /** How many blocks have run so far. */
  readonly size: number;
  /** Whether a block has run since the last call that never had. They count as known then, unless `peek`. */
  isNew(peek?: boolean): Promise<boolean>;
}

/** Starts to count. @param part  of the URLs of the modules that matter, e.g. `/src/transport/lane/` */
export async function createCoverage(parts: readonly string[]): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const known = new Set<string>();
  return {
    get size() {
      return known.size;
    },
    async isNew(peek = false) {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      let found = false;
      for (const { url, functions } of result) {
        if (!parts.some((part) => url.includes(part))) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            if (count === 0) continue;
            const block = `${url}:${startOffset}-${endOffset}:${Math.min(3, Math.floor(Math.log10(count)))}`;
            if (known.has(block)) continue;
            found = true;
            if (!peek) known.add(block);
          }
        }
      }
      return found;
    },
    [Symbol.dispose]: () => session.disconnect(),
  };
}
