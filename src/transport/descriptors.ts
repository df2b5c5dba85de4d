/**
 * How many descriptors this process may have open.
 * @module
 */
import { readFileSync } from 'node:fs';

/** Returns the limit in force (`RLIMIT_NOFILE`, which Node raises to the hard one); infinite where the system does not say. */
export function descriptorLimit(): number {
  try {
    const row = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return row === null ? Number.POSITIVE_INFINITY : Number(row[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
