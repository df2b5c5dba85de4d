/**
 * Entries that can never match, because what they ask for is not on this machine.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { Accounts } from '../../lib/accounts.ts';
import { nearest } from '../../lib/nearest.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';
import { lookAt } from './store.ts';

type Fault = (value: string, config: Config, accounts: Accounts) => Outcome | undefined;

const faults: readonly (readonly [begin: string, fault: Fault])[] = [
  [
    'unix:user:',
    (name, _, { uidOf }) => (uidOf(name) === undefined ? unknown('user', name, 'useradd --system') : undefined),
  ],
  [
    'unix:group:',
    (name, _, { gidOf }) => (gidOf(name) === undefined ? unknown('group', name, 'groupadd --system') : undefined),
  ],
  [
    'unix:path:',
    (path) =>
      lookAt(path) === undefined
        ? warning('executable-missing', `there is no ${path} on this machine`, 'install it, or correct the entry')
        : undefined,
  ],
  ['socket:', socketFault],
];

function unknown(what: 'user' | 'group', name: string, make: string): Outcome {
  return bad(`${what}-unknown`, `there is no ${what} ${name} on this machine`, `${make} ${name}, or correct the entry`);
}

function socketFault(path: string, { workloads, listen }: Config): Outcome | undefined {
  const sockets = [listen.workloadApi.path, ...workloads.flatMap(({ socket }) => socket?.path ?? [])];
  if (sockets.includes(path)) return undefined;
  const meant = nearest(path, sockets);
  return bad(
    'socket-unknown',
    `no workload has the socket ${path}`,
    meant === undefined ? 'give a workload that socket' : `did you mean ${meant}?`,
  );
}

/** Looks at all of them; a good one is not named. */
export function checkEntries(config: Config, accounts: Accounts): readonly Outcome[] {
  const { entries, workloads, attestation } = config;
  const { namespaces = [], labelSelector } = attestation.kubernetes?.implicit ?? {};
  const isImplied = namespaces.length > 0 || labelSelector !== undefined;
  const sockets = workloads.filter(({ socket }) => socket !== undefined).length;
  if (entries.length === 0 && sockets === 0 && !isImplied) {
    return [
      warning(
        'entries-none',
        'no workload gets an identity: there are no entries',
        'write entries into the configuration',
      ),
    ];
  }
  const outcomes = entries.flatMap(({ spiffeId, selectors, origin }) =>
    selectors.flatMap((selector): Outcome[] => {
      const [begin, fault] = faults.find(([each]) => selector.startsWith(each)) ?? [];
      const found = begin === undefined ? undefined : fault?.(selector.slice(begin.length), config, accounts);
      return found === undefined ? [] : [{ ...found, ...placeOf(origin), message: `${spiffeId}: ${found.message}` }];
    }),
  );
  const all = [...outcomes, ...ownUserFaults(config, accounts)];
  return all.length > 0
    ? all
    : [good('entries', `${entries.length} entries, and ${sockets} workloads with a socket of their own`)];
}

/** Whose the data directory is, his processes can read the keys. */
function ownUserFaults({ dataDir, entries }: Config, accounts: Accounts): readonly Outcome[] {
  const uid = lookAt(dataDir)?.uid;
  if (uid === undefined) return [];
  const own = [`unix:uid:${uid}`, `unix:user:${accounts.userName(uid) ?? ''}`];
  return entries
    .filter(({ selectors }) => selectors.some((each) => own.includes(each)))
    .map(({ origin, spiffeId }) => ({
      ...warning(
        'entry-uid-is-server',
        `${spiffeId} goes to the user that ${dataDir} belongs to: such a workload could read the keys`,
        'run the server as another user',
      ),
      ...placeOf(origin),
    }));
}

/** @param origin  `FILE:LINE` */
function placeOf(origin: string): Pick<Outcome, 'at'> {
  const colon = origin.lastIndexOf(':');
  return { at: { file: origin.slice(0, colon), line: Number(origin.slice(colon + 1)), column: 1 } };
}
