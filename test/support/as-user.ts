/**
 * Runs a program as another user of this machine; needs root, as the tests' machines give it.
 * @module
 */
import { spawnSync } from 'node:child_process';

/** Command and arguments that run a command as that uid and gid, with those supplementary groups and no others. */
export function asUser(
  uid: number,
  gid: number,
  command: readonly string[],
  groups: readonly number[] = [],
): [string, string[]] {
  if (process.getuid?.() !== 0)
    throw new Error('callers of other users can be made by root only: run the tests as root');
  const extra = groups.length > 0 ? ['--groups', groups.join()] : ['--clear-groups'];
  return ['setpriv', ['--reuid', String(uid), '--regid', String(gid), ...extra, '--', ...command]];
}

/** The same, waited for. */
export function runAsUser(uid: number, gid: number, command: readonly string[], groups: readonly number[] = []) {
  const [program, args] = asUser(uid, gid, command, groups);
  const run = spawnSync(program, args, { encoding: 'utf8' });
  if (run.error) throw run.error;
  return { status: run.status, text: `${run.stdout}${run.stderr}` };
}
