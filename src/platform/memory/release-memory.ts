/**
 * Gives memory back that starting and loading needed: V8 and malloc keep as much as was ever used until something is allocated anew.
 * @module
 */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { dropFilePages } from './file-pages.ts';
import { trimMalloc } from './malloc-trim.ts';

const LOOK_EVERY_MS = 1_000;
/** Looks in a row at which nothing had happened. */
const QUIET_LOOKS = 3;
/** Afterwards: a process that sleeps is woken up twice a minute for it. */
const LOOK_AGAIN_EVERY_MS = 30_000;
/** CPU since the last collection that may have left something worth giving back. */
const WORKED_MS = 1_000;
/** CPU between two looks of a process that has nothing to do: a hundredth. */
const IDLE_MS = LOOK_AGAIN_EVERY_MS / 100;

export interface ReleaseOptions {
  /** Pages of files go too: not in a process that has to answer at once when it is asked again. */
  readonly withFilePages?: boolean;
  readonly collect?: () => void;
  /** What this process has used so far. */
  readonly cpuMs?: () => number;
}

/**
 * Collects all garbage once nothing has happened for three seconds, and again whenever there was work and it is over; a process that is
 * always busy is left alone.
 *
 * @param happened  how much has happened so far: any number that changes with work that must not wait
 */
export function releaseMemoryWhenQuiet(
  happened: () => number,
  { withFilePages = false, collect = () => collectAll(withFilePages), cpuMs = ownCpuMs }: ReleaseOptions = {},
): Disposable {
  let before = happened();
  let quiet = 0;
  const every = (ms: number, look: () => void): NodeJS.Timeout => setInterval(look, ms).unref();
  let timer = every(LOOK_EVERY_MS, () => {
    const now = happened();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    if (quiet < QUIET_LOOKS) return;
    clearInterval(timer);
    collect();
    timer = every(LOOK_AGAIN_EVERY_MS, collectAfterWork(collect, cpuMs));
  });
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** One look: collects if this process has worked since the last collection, and has not since the last look. */
function collectAfterWork(collect: () => void, cpuMs: () => number): () => void {
  let collectedAt = cpuMs();
  let lookedAt = collectedAt;
  return () => {
    const now = cpuMs();
    const isIdle = now - lookedAt < IDLE_MS;
    lookedAt = now;
    if (!isIdle || now - collectedAt < WORKED_MS) return;
    collect();
    collectedAt = lookedAt = cpuMs();
  };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function collectAll(withFilePages: boolean): void {
  flushCompileCache(); // what ran is still compiled; a process that is killed later could not keep it for the next start
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>; // V8 puts it into contexts made after the flag
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  trimMalloc(); // compilers took from malloc what V8 has given back to it
  if (withFilePages) dropFilePages();
}
