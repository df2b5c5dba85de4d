/**
 * `/v1/entries` and `/v1/entries/explain`.
 * @module
 */
import type { EntriesAnswer } from '../../../admin-api/entries.ts';
import { formatDuration } from '../../../config/duration.ts';
import { GatehouseError } from '../../../errors.ts';
import { selectorsOfProcess } from '../../../identity/attestation/process-selectors.ts';
import { type Entry, socketSelector } from '../../../identity/registration/entry.ts';
import { explainEntries } from '../../../identity/registration/explain-entries.ts';
import { serviceAccountOf } from '../../../spiffe/spiffe-id.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler } from '../admin-handler.ts';

/** All entries in force. */
export const entries: AdminHandler<'GET /v1/entries'> = (_, deps) => {
  const isRevoked = revokedIn(deps);
  return { entries: entryRows(deps.entries.value, isRevoked) };
};

function entryRows(all: readonly Entry[], isRevoked: (spiffeId: string) => boolean): EntriesAnswer['entries'] {
  return all.map(({ spiffeId, selectors, x509SvidTtlMs, jwtSvidTtlMs, dnsNames, hint, federatesWith, origin }) => ({
    spiffeId,
    selectors,
    x509SvidTtl: formatDuration(x509SvidTtlMs),
    jwtSvidTtl: formatDuration(jwtSvidTtlMs),
    dnsNames,
    hint,
    federatesWith,
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

/** What a process or a caller of a workload's own socket is entitled to, and what it lacks. */
export const explainEntry: AdminHandler<'GET /v1/entries/explain'> = async ({ asked }, deps) => {
  const { pid, socket } = asked;
  if (pid === undefined && socket === undefined) throw new GatehouseError('message_invalid', 'give pid or socket');
  const selectors = [
    ...(socket === undefined ? [] : [socketSelector(socket.replace(/^unix:/, ''))]),
    ...(pid === undefined ? [] : await selectorsOfProcess(pid, deps.accounts, deps.executables, deps.pods)),
  ];
  return explainEntries(deps.entries.value, selectors, MOST_NEAR, revokedIn(deps), deps.implicit);
};
