/**
 * The user and the group by which the kernel names everybody whom our user namespace does not have.
 * @module
 */
import { readFileSync } from 'node:fs';
import { NO_ID } from '../../lib/accounts.ts';

/**
 * Finds the number behind which several users or groups may be, by which none of them may be known.
 *
 * @param read  the text of a file; undefined: there is none, as where the kernel knows no user namespaces
 * @returns undefined: each has a number of its own, as outside of all user namespaces
 * @see `man 7 user_namespaces`
 */
export function unmappedId(
  kind: 'uid' | 'gid',
  read: (path: string) => string | undefined = textOf,
): number | undefined {
  const map = read(`/proc/self/${kind}_map`) ?? `0 0 ${NO_ID}`;
  const mapped = map.split('\n').reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
  return mapped >= NO_ID ? undefined : Number(read(`/proc/sys/kernel/overflow${kind}`) ?? 65534);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
