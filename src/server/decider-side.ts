/**
 * The deciding side of a server: policies and key sets, the processes that answer Check by them, and what explains their decisions.
 * @module
 */
import { releaseMemoryWhenQuiet } from '../platform/memory/release-memory.ts';
import type { PolicySources } from '../policy/sources/policy-sources.ts';
import { type CandidateSide, openCandidateSide } from './candidate/candidate-side.ts';
import { type CompareReported, createCompareReported } from './candidate/compare-reported.ts';
import type { AllDeciders } from './decider/all-deciders.ts';
import type { ForkedDeciders } from './decider/decider-process.ts';
import { startDeciders } from './decider/decider-role.ts';
import type { Deciders } from './decider/deciders.ts';
import { createLiveExplain, type LiveExplain } from './explain/live-explain.ts';
import type { Foundation } from './foundation.ts';
import type { IdentitySide } from './identity-interface.ts';
import { createDecisionFacts } from './log/decision-facts.ts';
import { createDecisionLog, type DecisionLog } from './log/decision-log.ts';
import { createDecisionRate, type DecisionRate } from './log/decision-rate.ts';
import { enforcePolicies } from './policy/enforced-policies.ts';
import type { openKeySets } from './policy/key-sets.ts';
import { tokenRulesOf } from './policy/token-rules.ts';
import { revocationsOf } from './revocations.ts';
import { type AskStandings, createStandings } from './standings/standings.ts';

/** What decides in a server, and what is known of its decisions. */
export interface DeciderSide extends AsyncDisposable {
  /** The processes of this server; undefined where it has no decider role. */
  readonly deciders: Deciders | undefined;
  readonly decisions: DecisionLog;
  readonly rate: DecisionRate;
  /** Since when the policies of this generation are in force; milliseconds since 1970. */
  policiesSinceAt(): number;
  readonly explain: LiveExplain;
  /** How rules stand that have decided nothing. */
  readonly standings: AskStandings;
  readonly candidate: CandidateSide;
  /** Holds what Envoys have decided themselves against it. */
  readonly compareReported: CompareReported;
  /** Tells the processes, where there are some. */
  tell: Deciders['tell'];
  /** Lets running Checks end, at most `graceMs`, and ends the processes. */
  drain(graceMs: number): Promise<void>;
}

export interface DeciderSideDeps extends Foundation {
  readonly identity: IdentitySide;
  readonly policies: PolicySources;
  /** Fetches what its policies want. */
  readonly keySets: ReturnType<typeof openKeySets>;
  /** Takes in the processes that are started. */
  readonly allDeciders: AllDeciders;
  /** Forked before; none where there is no decider role. */
  readonly processes: ForkedDeciders;
}

const REPORT_TIMEOUT_MS = 500;

/** Starts it: each decider is told what is known now, and whatever follows. */
export async function startDeciderSide(deps: DeciderSideDeps): Promise<DeciderSide> {
  const { config, log, metrics, board, looks, identity, policies, keySets, refusals } = deps;
  await using stack = new AsyncDisposableStack();
  let noted = 0;
  const factsOf = createDecisionFacts({
    model: () => policies.current.value.model,
    shown: () => config.value.log.facts,
  });
  const note: Parameters<typeof createDecisionLog>[1] = (record, entry) => {
    noted += 1;
    identity.decided(record);
    refusals.decided(entry);
  };
  const decisions = createDecisionLog(log, note, { factsOf });
  const rate = createDecisionRate();
  const candidate = stack.use(
    await openCandidateSide({ ...{ config: config.value, policies: policies.current, log, metrics, board } }),
  );
  const told = { decisions, rate, candidate };
  const deciders = deps.processes.all.length === 0 ? undefined : stack.use(start(deps, told, keySets));
  const tell: Deciders['tell'] = (message) => deciders?.tell(message);
  if (deciders !== undefined) {
    deps.allDeciders.add(deciders);
    looks.push(() => deciders.report(REPORT_TIMEOUT_MS));
  }
  tellKnown(deps, tell);
  keySets.documents.subscribe((documents) => tell({ kind: 'key-sets', documents }));
  let releasing: Disposable | undefined;
  let policiesSinceAt = Date.now();
  const wantKeys = (): void => {
    const beside = candidate.model();
    keySets.wanted([...tokenRulesOf(policies.current.value.model), ...(beside ? tokenRulesOf(beside) : [])]);
  };
  stack.defer(() => releasing?.[Symbol.dispose]());
  stack.use(
    enforcePolicies({
      ...{ current: policies.current, log, metrics, board },
      changed(model) {
        policiesSinceAt = Date.now();
        void deps.counts.rules.follow(model);
        wantKeys();
        tell({ kind: 'policies', model });
        candidate.policiesChanged();
        releasing?.[Symbol.dispose]();
        releasing = releaseMemoryWhenQuiet(() => policies.current.value.generation + noted, { withFilePages: true });
      },
    }),
  );
  const tellCandidate = (): void => {
    wantKeys();
    tell({ kind: 'candidate', candidate: candidate.told.value });
  };
  stack.defer(candidate.told.subscribe(tellCandidate));
  if (candidate.state.state !== 'absent') tellCandidate();
  const explain = stack.use(
    createLiveExplain({
      config: () => config.value,
      policies: policies.current,
      keySets: keySets.documents,
      authority: identity,
    }),
  );
  const standings = stack.use(createStandings());
  const opened = stack.move();
  return {
    deciders,
    decisions,
    rate,
    policiesSinceAt: () => policiesSinceAt,
    explain,
    standings: standings.ask,
    candidate,
    compareReported: createCompareReported({
      ...{ candidate, config: () => config.value },
      policies: () => policies.current.value.model,
    }),
    tell,
    drain: async (graceMs) => deciders?.drain(graceMs),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function start(
  { config, log, metrics, board, counts, refusals, identity, processes, seconds }: DeciderSideDeps,
  told: Pick<DeciderSide, 'decisions' | 'rate' | 'candidate'>,
  keySets: ReturnType<typeof openKeySets>,
): Deciders {
  return startDeciders({
    ...{
      config: config.value,
      log,
      metrics,
      board,
      ...told,
      counts,
      processes: processes.all,
      httpProcesses: processes.http,
      seconds,
    },
    revoked: () => identity.tellInForce(),
    handshakeFailed: refusals.handshakeFailed,
    unknownKid: ({ keySet, kid }) => keySets.wake(keySet, kid),
  });
}

/** Tells deciders what is known of identities, of themselves and of readiness, now and at every change. */
function tellKnown({ identity, tls, serving }: DeciderSideDeps, tell: Deciders['tell']): void {
  const tellBundles = (bundles: IdentitySide['bundles']['value']): void => {
    if (bundles !== undefined) tell({ kind: 'bundles', bundles });
  };
  const tellRevocations = (list: IdentitySide['revocations']['value']): void => {
    if (list !== undefined) tell({ kind: 'revocations', revocations: revocationsOf(list) });
  };
  tls.deciders.subscribe((own) => tell({ kind: 'tls-identity', identity: own }));
  serving.subscribe((services) => tell({ kind: 'serving', services }));
  identity.bundles.subscribe(tellBundles);
  identity.revocations.subscribe(tellRevocations);
  tell({ kind: 'tls-identity', identity: tls.deciders.value });
  tell({ kind: 'serving', services: serving.value });
  tellBundles(identity.bundles.value);
  tellRevocations(identity.revocations.value);
}
