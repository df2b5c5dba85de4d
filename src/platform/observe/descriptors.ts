/**
 * How many file descriptors this process has open, and how many it may: without one nobody can connect, and no file be read.
 * @module
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

/** File descriptors of this process; `max` is infinite where the kernel names no limit. */
export interface Descriptors {
  readonly open: number;
  readonly max: number;
}

const LOOK_EVERY_MS = 1_000;
/** A burst of callers takes so many at once. */
const FEW = 16;
const SMALL_SHARE = 0.1;

/**
 * Looks now and every second, and tells what it sees.
 *
 * @param tell  `why` is empty while there are enough
 */
export function watchDescriptors(tell: (seen: Descriptors, why: string) => void): Disposable {
  const limits = openSync('/proc/self/limits', 'r'); // later there may be none left to open it with
  const look = (): void => {
    const max = limitIn(limits);
    const seen = { open: countOpen() ?? max, max };
    tell(seen, whyOf(seen));
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      closeSync(limits);
    },
  };
}

function whyOf({ open, max }: Descriptors): string {
  if (max - open >= Math.max(FEW, max * SMALL_SHARE)) return '';
  return `${open} of ${max} are in use; raise LimitNOFILE`;
}

function limitIn(limits: number): number {
  const text = Buffer.alloc(4096);
  const length = readSync(limits, text, 0, text.length, 0);
  const max = /^Max open files +(\d+)/m.exec(text.toString('latin1', 0, length))?.[1];
  return max === undefined ? Number.POSITIVE_INFINITY : Number(max);
}

/** Undefined: there is none left even for counting. */
function countOpen(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1; // without the one that reads
  } catch {
    return undefined;
  }
}
