/**
 * What is allowed and yet worth a word at start.
 * @module
 */
import { mayReadForeignExecutables } from '../../identity/attestation/executable.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { Accounts } from '../../lib/accounts.ts';

/** One warning; `origin` is the place of the entry in the configuration. */
export interface Warning {
  readonly code:
    | 'entry_uid_is_server'
    | 'executable_not_readable'
    | 'entry_user_unknown'
    | 'entry_group_unknown'
    | 'entry_federation_unknown';
  readonly message: string;
  readonly origin: string;
}

/** Looks at the entries with the eyes of an attacker who runs as one of them. */
export function entryWarnings(entries: readonly Entry[], accounts: Accounts): Warning[] {
  const uid = process.geteuid?.() ?? -1;
  const own = new Set([`unix:uid:${uid}`, `unix:user:${accounts.userName(uid)}`]);
  const sees = mayReadForeignExecutables();
  return entries.flatMap(({ selectors, origin, spiffeId }): Warning[] => [
    ...absent(selectors, accounts).map(({ code, name, make }) => ({
      ...{ code, origin },
      message: `nobody gets ${spiffeId}: there is ${name} on this machine; ${make}, or correct the entry`,
    })),
    ...(selectors.some((each) => own.has(each))
      ? [
          {
            code: 'entry_uid_is_server',
            origin,
            message: `${spiffeId} goes to uid ${uid}, which is the server's own: such a workload could touch the server's files; run the server as another user`,
          } as const,
        ]
      : []),
    ...(!sees && selectors.some((each) => /^unix:(path|sha256):/.test(each))
      ? [
          {
            code: 'executable_not_readable',
            origin,
            message: `${spiffeId} asks for the executable of its caller, which needs CAP_SYS_PTRACE for other users' processes: without it the entry matches only our own`,
          } as const,
        ]
      : []),
  ]);
}

/** Entries that federate with a trust domain of which nobody will ever have a bundle. @param known  those that have one, or an endpoint */
export function federationWarnings(entries: readonly Entry[], known: ReadonlySet<string>): Warning[] {
  return entries.flatMap(({ spiffeId, federatesWith, origin }) =>
    federatesWith
      .filter((each) => !known.has(each))
      .map((each) => ({
        ...{ code: 'entry_federation_unknown' as const, origin },
        message: `${spiffeId} federates with ${each}, of which there is neither a bundle nor an endpoint: name it in federation.trustDomains, give its bundle by gatehouse bundle set ${each} FILE, or correct the entry`,
      })),
  );
}

/** More entries than these are told by their number. */
const MOST_NAMED = 3;

/** Which entries nobody can match, in one line; empty if there are none. */
export function unmatchedEntries(entries: readonly Entry[], accounts: Accounts): string {
  const unmatched = entries.flatMap(({ selectors, origin, spiffeId }) => {
    const [first] = absent(selectors, accounts);
    return first === undefined ? [] : [`nobody gets ${spiffeId} of ${origin}: there is ${first.name} on this machine`];
  });
  const rest = unmatched.length - MOST_NAMED;
  return [...unmatched.slice(0, MOST_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

/** Users and groups among selectors that this machine does not have. */
function absent(selectors: Entry['selectors'], { uidOf, gidOf }: Accounts) {
  const rows = [
    { code: 'entry_user_unknown', begin: 'unix:user:', what: 'user', find: uidOf, add: 'useradd' },
    { code: 'entry_group_unknown', begin: 'unix:group:', what: 'group', find: gidOf, add: 'groupadd' },
  ] as const;
  return rows.flatMap(({ code, begin, what, find, add }) =>
    selectors.flatMap((each) => {
      const name = each.slice(begin.length);
      if (!each.startsWith(begin) || find(name) !== undefined) return [];
      return [{ code, name: `no ${what} ${name}`, make: `${add} --system ${name}` }];
    }),
  );
}
