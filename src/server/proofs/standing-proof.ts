/**
 * The standing proof: whether the tenants are alone under what is in force, looked at anew whenever that changes. Two changes that
 * were each let in may open together what neither opens.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { createWakeup } from '../../lib/wakeup.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { PolicyFile } from '../../policy/read-policies.ts';
import type { PolicyLoad } from '../../policy/sources/policy-sources.ts';
import type { ProofOutcome } from './proof-order.ts';
import { createProofReports, type ProofReportDeps } from './proof-reports.ts';
import { createProofThread, type ProofThread, proofConfigOf } from './proof-thread.ts';
import { lossesAfter, noLosses, type TenantLoss } from './tenant-losses.ts';

/** The proof that was made last. */
export interface ProofState {
  /** Undefined before the first. */
  readonly outcome: ProofOutcome | undefined;
  /** The files that it is of: those that were in force then. */
  readonly of: readonly PolicyFile[] | undefined;
}

export interface StandingProof extends AsyncDisposable {
  readonly state: Watchable<ProofState>;
  /** The tenants that are less alone than they were. */
  readonly losses: Watchable<readonly TenantLoss[]>;
}

export interface StandingProofDeps extends Omit<ProofReportDeps, 'tenants' | 'metrics'> {
  readonly config: Watchable<Config>;
  readonly policies: { readonly current: Watchable<PolicyLoad> };
  readonly metrics: { readonly proofs: ProofReportDeps['metrics'] };
}

/** One proof. */
const MOST_MS = 120_000;
/** Between two proofs: as long as one took, so that it takes half a core at most. */
const LEAST_REST_MS = 50;
const MOST_REST_MS = 10_000;

/** Starts to prove where the configuration wants it; undefined: it does not. */
export function openStandingProof(deps: StandingProofDeps): StandingProof | undefined {
  return deps.config.value.admission.prove === 'off' ? undefined : keepStandingProof(deps, createProofThread('prove'));
}

function keepStandingProof(deps: StandingProofDeps, thread: ProofThread): StandingProof {
  const { config, policies, log, board, metrics } = deps;
  const state = createWatchable<ProofState>({ outcome: undefined, of: undefined });
  const open = createWatchable<readonly TenantLoss[]>([]);
  let losses = noLosses;
  const tenants = Object.keys(config.value.tenants);
  const report = createProofReports({ log, board, metrics: metrics.proofs, tenants });
  const stop = new AbortController();
  const changed = createWakeup();
  const subscriptions = [policies.current.subscribe(changed.wake), config.subscribe(changed.wake)];
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { inForce } = policies.current.value;
      const own = proofConfigOf(config.value);
      const startedAtMs = performance.now();
      const outcome = await thread.prove({ files: inForce, config: own }, MOST_MS);
      if (stop.signal.aborted) return;
      const tookMs = performance.now() - startedAtMs;
      const known = outcome ?? { unknown: `it was not proved within ${MOST_MS / 1_000} s` };
      state.replace({ outcome: known, of: inForce });
      losses = lossesAfter(losses, known, tenants, Date.now());
      open.replace(losses.open);
      report(known, losses.open, tookMs / 1_000);
      await rest(Math.min(MOST_REST_MS, Math.max(LEAST_REST_MS, tookMs)), stop.signal);
      while (!stop.signal.aborted && policies.current.value.inForce === inForce && proofConfigOf(config.value) === own)
        await changed.wait(stop.signal);
    }
  };
  const running = run();
  return {
    ...{ state, losses: open },
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const unsubscribe of subscriptions) unsubscribe();
      await thread[Symbol.asyncDispose]();
      await running;
    },
  };
}

const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
