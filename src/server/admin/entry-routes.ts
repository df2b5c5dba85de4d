/**
 * `/v1/entries` and `/v1/entries/explain`.
 * @module
 */
import { formatDuration } from '../../config/duration.ts';
import { GatehouseError } from '../../errors.ts';
import { selectorsOfProcess } from '../../identity/attestation/process-selectors.ts';
import { socketSelector } from '../../identity/registration/entry.ts';
import { explainEntries } from '../../identity/registration/explain-entries.ts';
import { serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import type { AdminHandler } from './admin-handler.ts';

/** All entries in force. */
export const entries: AdminHandler = (_, deps) => ({
  entries: deps.entries.value.map(({ spiffeId, selectors, x509SvidTtlMs, dnsNames, hint, origin }) => ({
    spiffeId,
    selectors,
    x509SvidTtl: formatDuration(x509SvidTtlMs),
    dnsNames,
    hint,
    isServiceAccount: serviceAccountOf(spiffeId) !== undefined,
    origin,
  })),
});

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
  return explainEntries(deps.entries.value, selectors);
};
