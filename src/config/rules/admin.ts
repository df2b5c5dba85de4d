/**
 * What the configuration of the admin API's callers must keep to.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';
import type { UnixListener } from '../listeners/listen-config.ts';

/** Callers whose role would not be what was meant, and a group that could not get in. */
export function* adminProblems({ admin, listen }: Config): Iterable<Problem> {
  const seen = new Map<string, string>();
  for (const [i, client] of admin.clients.entries()) {
    const { id, role, namespaces } = client;
    if (role === 'operate' && namespaces !== undefined) {
      yield {
        code: 'contradiction',
        path: ['admin', 'clients', i, 'namespaces'],
        message: `${id} would operate: authorities, revocations and keys are of the whole trust domain, and of no namespace`,
        fix: 'use role: read, or leave namespaces out',
      };
    }
    const may = JSON.stringify(client);
    const before = seen.get(id);
    if (before !== undefined && before !== may) {
      yield {
        code: 'twice',
        path: ['admin', 'clients', i],
        message: `${id} is named twice, and not with the same role and namespaces`,
        fix: 'name it once, with all of its namespaces',
      };
    }
    seen.set(id, before ?? may);
  }
  yield* groupProblems(admin.group, listen.admin);
}

/** The overflow group by its number and its usual names (`man 7 user_namespaces`). */
const OF_NOBODY: ReadonlySet<string> = new Set(['65534', 'nogroup', 'nobody']);

/** Of several sockets the group needs one. Who may not write to a socket cannot connect to it (`man 7 unix`). */
function* groupProblems(group: string | undefined, listeners: Config['listen']['admin']): Iterable<Problem> {
  if (group === undefined) return;
  if (OF_NOBODY.has(group)) {
    yield {
      code: 'not-allowed',
      path: ['admin', 'group'],
      message: `the kernel says ${group} for every group that it has no number for here, as those of another user namespace: strangers would read`,
      fix: 'make a group of its own for readers',
    };
  }
  const sockets = listeners.filter((each) => each.kind === 'unix');
  const faults = sockets.map((each) => groupFault(group, each));
  if (faults.includes(undefined)) return;
  yield faults[0] ?? {
    code: 'contradiction',
    path: ['admin', 'group'],
    message: 'the admin API is on no unix socket, and only there a caller has a group',
    fix: 'name readers in admin.clients, or listen on a unix socket',
  };
}

/** Why members of the group could not open the socket. */
function groupFault(group: string, socket: UnixListener): Problem | undefined {
  if ((socket.mode & 0o006) === 0o006) return undefined;
  const fault = { code: 'contradiction', path: ['admin', 'group'] };
  if ((socket.mode & 0o060) !== 0o060) {
    const mode = socket.mode.toString(8).padStart(4, '0');
    return {
      ...fault,
      message: `members of ${group} could not open the socket, whose mode is ${mode}`,
      fix: 'use mode: 0660, or leave the mode out',
    };
  }
  if (socket.group === group) return undefined;
  return {
    ...fault,
    message: `members of ${group} could not open the socket, which is given to the group ${socket.group ?? ''}`,
    fix: 'give both the same group, or leave the group of the socket out',
  };
}
