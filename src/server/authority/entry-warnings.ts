/**
 * What is allowed and yet worth a word at start.
 * @module
 */
import { mayReadForeignExecutables } from '../../identity/attestation/executable.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { Accounts } from '../../lib/accounts.ts';

/** One warning; `origin` is the place of the entry in the configuration. */
export interface Warning {
  readonly code: 'entry_uid_is_server' | 'executable_not_readable';
  readonly message: string;
  readonly origin: string;
}

/** Looks at the entries with the eyes of an attacker who runs as one of them. */
export function entryWarnings(entries: readonly Entry[], accounts: Accounts): Warning[] {
  const uid = process.geteuid?.() ?? -1;
  const own = new Set([`unix:uid:${uid}`, `unix:user:${accounts.userName(uid)}`]);
  const sees = mayReadForeignExecutables();
  return entries.flatMap(({ selectors, origin, spiffeId }): Warning[] => [
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
