/**
 * The user and the group by which the kernel names everybody whom our user namespace does not have.
 * @module
 */
import { readFileSync } from 'node:fs';
import { NO_ID } from '../../lib/accounts.ts';

/**
 * Finds the number behind which several users may be, by which none of them may be known.
 *
 * @param map  of our user namespace, as /proc/self/uid_map has it
 * @param overflow  as /proc/sys/kernel/overflowuid has it
 * @returns undefined: every user has a number of his own, as outside of all user namespaces
 * @see `man 7 user_namespaces`
 */
export function unmappedId(map: string, overflow: string): number | undefined {
  const mapped = map.split('\n').reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
  return mapped >= NO_ID ? undefined : Number(overflow);
}

/** That of this process. */
export function ownUnmappedId(kind: 'uid' | 'gid'): number | undefined {
  const read = (path: string, otherwise: string): string => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return otherwise;
    }
  };
  // A kernel that knows no user namespaces has no such file.
  return unmappedId(read(`/proc/self/${kind}_map`, `0 0 ${NO_ID}`), read(`/proc/sys/kernel/overflow${kind}`, '65534'));
}
