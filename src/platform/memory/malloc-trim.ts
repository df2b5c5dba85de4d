/**
 * What the C library's malloc keeps of memory that was freed. Only glibc has the call; elsewhere nothing is given back.
 * @module
 */
import koffi from 'koffi';

/** Gives the kernel back every whole page that malloc holds and nobody uses (`man 3 malloc_trim`). */
export function trimMalloc(): void {
  let trim: (keep: number) => number;
  try {
    trim = koffi.load(null).func('int malloc_trim(size_t)'); // the process itself: libc is in it
  } catch {
    return; // another C library
  }
  trim(0);
}
