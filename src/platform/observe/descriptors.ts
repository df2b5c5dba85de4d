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

/** A burst of callers takes so many at once. */
const FEW = 16;
const SMALL_SHARE = 0.1;

/** Looks when it is told to: whoever wakes up anyway does so. */
export interface DescriptorWatch extends Disposable {
  look(): void;
}

/**
 * Looks now, and whenever it is told to, and tells what it sees.
 *
 * @param tell  `why` is empty while there are enough
 */
export function watchDescriptors(tell: (seen: Descriptors, why: string) => void): DescriptorWatch {
  const limits = openSync('/proc/self/limits', 'r'); // later there may be none left to open it with
  const look = (): void => {
    const max = limitIn(limits);
    const seen = { open: countOpen() ?? max, max };
    tell(seen, whyOf(seen));
  };
  look();
  return { look, [Symbol.dispose]: () => closeSync(limits) };
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
