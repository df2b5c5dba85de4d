/**
 * `/v1/entries` and `/v1/entries/explain`.
 * @module
 */
import { formatDuration } from '../../config/duration.ts';
import { GatehouseError } from '../../errors.ts';
import { selectorsOfProcess } from '../../identity/attestation/process-selectors.ts';
import { type Entry, socketSelector } from '../../identity/registration/entry.ts';
import { explainEntries } from '../../identity/registration/explain-entries.ts';
import { serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import type { AdminDeps } from './admin-deps.ts';
import type { AdminHandler } from './admin-handler.ts';

/** All entries in force. */
export const entries: AdminHandler = (_, deps) => {
  const isRevoked = revokedIn(deps);
  return { entries: entryRows(deps.entries.value, isRevoked) };
};

function entryRows(all: readonly Entry[], isRevoked: (spiffeId: string) => boolean) {
  return all.map(({ spiffeId, selectors, x509SvidTtlMs, dnsNames, hint, origin }) => ({
    spiffeId,
    selectors,
    x509SvidTtl: formatDuration(x509SvidTtlMs),
    dnsNames,
    hint,
    isServiceAccount: serviceAccountOf(spiffeId) !== undefined,
    isRevoked: isRevoked(spiffeId),
    origin,
  }));
}

/** Whether an ID is revoked. */
function revokedIn({ revocations }: AdminDeps): (spiffeId: string) => boolean {
  const rows = revocations.value?.rows ?? [];
  const ids = new Set(rows.filter(({ kind }) => kind === 'id').map((row) => row.value));
  return (spiffeId) => ids.has(spiffeId);
}

const MOST_NEAR = 5;

/** What a process (`?pid=`) or a caller of a workload's own socket (`?socket=`) is entitled to, and what it lacks. */
export const explainEntry: AdminHandler = async ({ query }, deps) => {
  const [pid, socket] = [query.get('pid'), query.get('socket')];
  if (pid === null && socket === null) throw new GatehouseError('message_invalid', 'give pid or socket');
  if (pid !== null && !/^[1-9][0-9]{0,9}$/.test(pid))
    throw new GatehouseError('message_invalid', 'pid must be a number');
  const selectors = [
    ...(socket === null ? [] : [socketSelector(socket.replace(/^unix:/, ''))]),
    ...(pid === null ? [] : await selectorsOfProcess(Number(pid), deps.accounts, deps.executables)),
  ];
  return explainEntries(deps.entries.value, selectors, MOST_NEAR, revokedIn(deps));
};
