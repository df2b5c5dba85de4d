/**
 * Long work that lets others in between: a generator that yields wherever it may be interrupted.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that can be interrupted at every `yield`; returns its result. */
export type Work<T> = Generator<void, T, void>;

/** Does the work in one go. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Does the work in slices of about `sliceMs`, everything else that waits being done in between.
 *
 * @param isWanted  asked before each slice; once it says no the work is dropped
 */
export async function finishInSlices<T>(
  work: Work<T>,
  sliceMs: number,
  isWanted: () => boolean,
): Promise<T | undefined> {
  while (isWanted()) {
    const until = performance.now() + sliceMs;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < until);
    await nextTurn();
  }
  return undefined;
}

/** Items that are sorted without a pause. */
const SORTED_AT_ONCE = 64;

/** The items in order; equal ones keep theirs. */
export function* sortWork<T>(items: readonly T[], compare: (a: T, b: T) => number): Work<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += SORTED_AT_ONCE) {
    runs.push(items.slice(at, at + SORTED_AT_ONCE).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* mergeWork(runs[i]!, runs[i + 1] ?? [], compare));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeWork<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Work<T[]> {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (out.length % (SORTED_AT_ONCE * 8) === 0) yield;
    if (j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0)) out.push(a[i++]!);
    else out.push(b[j++]!);
  }
  return out;
}
