/**
 * The selectors that a running process would have as a caller: for an operator's question, never for a call.
 * @module
 */
import { readFileSync } from 'node:fs';
import { GatehouseError } from '../../errors.ts';
import type { Accounts } from '../../lib/accounts.ts';
import type { Selector } from '../../spiffe/selector.ts';
import { credentialSelectors } from './attestor.ts';
import type { Executables } from './executable.ts';
import type { PodAttestor } from './kubernetes/pod-attestor.ts';

/** @throws GatehouseError `not_found` when there is no such process; `attestation_failed` when it would be refused by its pod */
export async function selectorsOfProcess(
  pid: number,
  accounts: Accounts,
  executables: Executables,
  pods?: PodAttestor,
): Promise<Selector[]> {
  const status = readStatus(pid);
  const numbers = (field: string): number[] =>
    (new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [, uid = 0] = numbers('Uid'); // real, effective, saved, filesystem: SO_PEERCRED has the effective one
  const [, gid = 0] = numbers('Gid');
  const pod = await pods?.podOf(pid);
  if (pod?.ok === false)
    throw new GatehouseError(
      'attestation_failed',
      `process ${pid} would be refused: its pod is not certain: ${pod.why}`,
    );
  return [
    ...credentialSelectors({ uid, gid, groups: numbers('Groups') }, accounts),
    ...(await executables.selectorsOf(pid, { path: true, sha256: true })),
    ...(pod?.selectors ?? []),
  ];
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (thrown) {
    throw new GatehouseError('not_found', `there is no process ${pid}`, { pid }, { cause: thrown });
  }
}
