/**
 * Pages of files that are mapped and were only read: the code of Node that a start needed, mostly.
 * @module
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { unwrittenFiles } from './unwritten-files.ts';

const MADV_DONTNEED = 4;

/** Takes all of them out of this process; one that is needed again comes from the file's cache in the kernel (`man 2 madvise`). Linux only. */
export function dropFilePages(): void {
  let smaps: string;
  try {
    smaps = readFileSync('/proc/self/smaps', 'latin1');
  } catch {
    return; // not Linux, or no /proc
  }
  const madvise = koffi.load(null).func('int madvise(uintptr_t, size_t, int)'); // the process itself: libc is in it
  for (const { from, length } of unwrittenFiles(smaps)) madvise(from, length, MADV_DONTNEED);
}
