/**
 * Who may write what the server reads its policies from.
 * @module
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../../../config/config.ts';
import { createAccounts } from '../../../../lib/accounts.ts';
import type { Known, WritersEvidence } from '../evidence.ts';

/** More files than these are not looked at. */
const MOST_FILES = 20_000;

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
const STICKY = 0o1000;

/** Looks at configuration, policies and registry, what lies in them, and what they lie in. @param serverPid  undefined: it is not here */
export function writersOf(config: Config, serverPid: number | undefined): Known<WritersEvidence> {
  if (serverPid === undefined)
    return { why: 'who may write its files is not known: no server was asked on this machine' };
  try {
    const workloads = workloadAccounts(config);
    const found = { strangers: new Set<string>(), others: new Set<string>() };
    for (const [file, stats] of everyFile(config)) {
      const stranger = strangerOf(stats, workloads);
      if (stranger !== undefined)
        found.strangers.add(`${file}: ${stranger} (mode ${(stats.mode & 0o7777).toString(8)})`);
      found.others.add(`uid ${stats.uid}`);
      if ((stats.mode & GROUP_WRITES) !== 0) found.others.add(`group ${stats.gid}`);
    }
    const { uid } = statSync(`/proc/${serverPid}`);
    const ownUid = [...(workloads.uids.get(uid) ?? [])].map(
      (id) => `${id} goes to uid ${uid}, which is the server's own`,
    );
    return { value: { strangers: [...found.strangers], others: [...found.others], ownUid } };
  } catch (thrown) {
    return { why: `who may write its files is not known: ${(thrown as Error).message}` }; // of the file system
  }
}

interface WorkloadAccounts {
  /** Who is which, by number. */
  readonly uids: ReadonlyMap<number, ReadonlySet<string>>;
  readonly gids: ReadonlyMap<number, ReadonlySet<string>>;
}

function workloadAccounts({ entries }: Config): WorkloadAccounts {
  const accounts = createAccounts();
  const [uids, gids] = [new Map<number, Set<string>>(), new Map<number, Set<string>>()];
  for (const { spiffeId, selectors } of entries)
    for (const selector of selectors) {
      const [, kind, name = ''] = /^unix:(uid|user|gid|group):(.*)$/.exec(selector) ?? [];
      const number = kind === 'user' ? accounts.uidOf(name) : kind === 'group' ? accounts.gidOf(name) : Number(name);
      if (kind === undefined || number === undefined) continue;
      const table = kind === 'uid' || kind === 'user' ? uids : gids;
      table.set(number, (table.get(number) ?? new Set()).add(spiffeId));
    }
  return { uids, gids };
}

function strangerOf({ mode, uid, gid }: Stats, { uids, gids }: WorkloadAccounts): string | undefined {
  if ((mode & OTHERS_WRITE) !== 0) return 'everybody may write';
  const [owner] = uids.get(uid) ?? [];
  if (owner !== undefined) return `it belongs to uid ${uid}, which is ${owner}`;
  const [member] = (mode & GROUP_WRITES) === 0 ? [] : (gids.get(gid) ?? []);
  return member === undefined ? undefined : `group ${gid} may write, which is that of ${member}`;
}

function* everyFile({ file, policies, registry }: Config): Iterable<readonly [file: string, stats: Stats]> {
  const roots = new Set([
    file,
    ...[...policies.paths, ...policies.site.paths].map(({ path }) => path),
    ...registry.paths,
  ]);
  let left = MOST_FILES;
  const below = function* (path: string): Iterable<readonly [string, Stats]> {
    if (--left < 0) throw new Error(`there are more than ${MOST_FILES} files`);
    const stats = statSync(path);
    yield [path, stats];
    if (stats.isDirectory()) for (const name of readdirSync(path)) yield* below(join(path, name));
  };
  for (const root of roots) {
    const parent = statSync(dirname(root));
    if ((parent.mode & STICKY) === 0) yield [dirname(root), parent];
    yield* below(root);
  }
}
