/**
 * Gives memory back that starting and loading needed: V8 and malloc keep as much as was ever used until something is allocated anew.
 * @module
 */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { trimMalloc } from './malloc-trim.ts';

const LOOK_EVERY_MS = 1_000;
/** Looks in a row at which nothing had happened. */
const QUIET_LOOKS = 3;

/**
 * Collects all garbage once, as soon as nothing has happened for three seconds; a process that is always busy is left alone.
 *
 * @param happened  how much has happened so far: any number that changes with work that must not wait
 */
export function releaseMemoryWhenQuiet(happened: () => number, collect: () => void = collectAll): Disposable {
  let before = happened();
  let quiet = 0;
  const timer = setInterval(() => {
    const now = happened();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    if (quiet < QUIET_LOOKS) return;
    clearInterval(timer);
    collect();
  }, LOOK_EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function collectAll(): void {
  flushCompileCache(); // what ran is still compiled; a process that is killed later could not keep it for the next start
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>; // V8 puts it into contexts made after the flag
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  trimMalloc(); // compilers took from malloc what V8 has given back to it
}
