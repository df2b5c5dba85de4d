/**
 * Who is calling? A caller in, selectors out, anew at every call.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import { type Accounts, NO_ID } from '../../lib/accounts.ts';
import type { Selector } from '../../spiffe/selector.ts';
import type { Executables, WantedFacts } from './executable.ts';
import type { PodAttestor, PodOfCaller } from './kubernetes/pod-attestor.ts';

/** What the kernel says about the process that connected. */
export interface UnixPeer {
  /** 0: it lives in a PID namespace that we cannot see into. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** A handle on that very process; undefined if pid is 0 or it has ended. */
  readonly process: { alive(): boolean } | undefined;
}

/** A process at the other end of a unix socket, as the kernel names it. */
export interface Caller {
  readonly peer: UnixPeer | undefined;
  /** The path of a workload's own socket, if the caller came by one; its mode and owner are the guard. */
  readonly workloadSocket: string | undefined;
}

/** What was established about a caller, and for how long it holds. */
export interface Attestation {
  /** Names this call in answers and in the log; 16 hex digits. */
  readonly traceId: string;
  readonly selectors: readonly Selector[];
  readonly pid: number;
  readonly uid: number;
  /** False once the process that was attested has ended, or its pod is gone. */
  alive(): boolean;
  /** True once other selectors would be found: it must be attested anew. Absent: what was found stays. */
  isStale?(): boolean;
}

/** Establishes what a caller is, from outside: the caller itself proves nothing. */
export interface Attestor {
  /** @throws GatehouseError `attestation_failed` when the caller has ended or is no unix peer */
  attest(caller: Caller): Promise<Attestation>;
}

export interface AttestorDeps {
  readonly accounts: Accounts;
  readonly executables: Executables;
  /** Read at every call: entries may change. */
  wanted(): WantedFacts;
  /** Absent: this is no node of a cluster. */
  readonly pods?: PodAttestor | undefined;
}

/** Creates the attestor of unix callers. */
export function createAttestor({ accounts, executables, wanted, pods }: AttestorDeps): Attestor {
  return {
    async attest({ peer, workloadSocket }) {
      const traceId = randomBytes(8).toString('hex');
      if (peer === undefined) throw refuse(traceId, 'the caller did not come by a unix socket');
      const alive = (): boolean => peer.pid === 0 || peer.process?.alive() === true;
      if (!alive()) throw refuse(traceId, 'the calling process has ended');
      const selectors = workloadSocket === undefined ? [] : [`socket:${workloadSocket}`];
      selectors.push(...credentialSelectors(peer, accounts));
      if (peer.pid === 0) return { traceId, selectors, pid: peer.pid, uid: peer.uid, alive };
      const [ofProcess, pod] = await Promise.all([
        executables.selectorsOf(peer.pid, wanted()),
        pods?.podOf(peer.pid) ?? noPod,
      ]);
      // Only if the process still lives now was it the owner of that pid all the while.
      if (!alive()) throw refuse(traceId, 'the calling process has ended');
      // Whoever may open a workload's own socket is that workload, whatever its pod.
      if (!pod.ok && workloadSocket === undefined) throw refuse(traceId, `its pod is not certain: ${pod.why}`);
      const { selectors: ofPod, state } = pod.ok ? pod : noPod;
      selectors.push(...ofProcess, ...ofPod);
      return {
        ...{ traceId, selectors, pid: peer.pid, uid: peer.uid },
        alive: () => alive() && state() !== 'gone',
        isStale: () => state() === 'changed',
      };
    },
  };
}

const noPod: Extract<PodOfCaller, { ok: true }> = { ok: true, selectors: [], state: () => 'current' };

/** Selectors that follow from the kernel's credentials alone; none of a user or group that cannot be told (`NO_ID`). */
export function credentialSelectors(
  { uid, gid, groups }: Omit<UnixPeer, 'process' | 'pid'>,
  accounts: Accounts,
): Selector[] {
  const user = accounts.userName(uid);
  const group = accounts.groupName(gid);
  return [
    ...(uid === NO_ID ? [] : [`unix:uid:${uid}`]),
    ...(gid === NO_ID ? [] : [`unix:gid:${gid}`]),
    ...(user === undefined ? [] : [`unix:user:${user}`]),
    ...(group === undefined ? [] : [`unix:group:${group}`]),
    ...groups.map((each) => `unix:supplementary_gid:${each}`),
  ];
}

function refuse(traceId: string, reason: string): GatehouseError {
  return new GatehouseError('attestation_failed', reason, {
    traceId,
    peerText: `the caller could not be attested: ${reason} (trace ${traceId})`,
  });
}
