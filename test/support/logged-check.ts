/**
 * The real Check in this process, and the log lines that a server writes of its decisions.
 * @module
 */
import type { RequestForm } from '../../src/admin-api/request-form.ts';
import { encodeRequestForm } from '../../src/analysis/request-form.ts';
import { createCheck } from '../../src/authz/check.ts';
import type { VerifyTokens } from '../../src/authz/jwt/token-outcome.ts';
import type { QuestionOptions } from '../../src/authz/question.ts';
import { CheckCounters } from '../../src/authz/record/counters.ts';
import type { FactsShown } from '../../src/authz/record/logged-facts.ts';
import { createDecisionRedactor } from '../../src/authz/record/redacted-decision.ts';
import { DecisionRing } from '../../src/authz/record/ring.ts';
import { type DecisionState, nothingRevoked } from '../../src/authz/state.ts';
import { createWatchable } from '../../src/lib/watchable.ts';
import { createLog } from '../../src/platform/observe/log.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { createDecisionFacts } from '../../src/server/log/decision-facts.ts';
import { createDecisionLog } from '../../src/server/log/decision-log.ts';

/** Options that believe everybody. */
export const openOptions: QuestionOptions = {
  workloads: [],
  clients: [],
  trustedHops: 0,
  ownPrefixes: ['spiffe://cluster.local/'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
};

const noTokens: VerifyTokens = () => ({
  outcome: 'none',
  effects: { headersToRemove: [], headersToSet: [], queryParametersToRemove: [], pathAfter: undefined },
  unknownKid: undefined,
});

export interface LoggedCheckOptions {
  readonly model: PolicyModel;
  readonly allowEmpty?: boolean;
  readonly options?: QuestionOptions;
  readonly verifyTokens?: VerifyTokens;
  readonly shown?: FactsShown;
}

/** Answers requests, and gives the line that the log has of the answer. */
export function loggedCheck({
  model,
  allowEmpty = true,
  options = openOptions,
  verifyTokens = noTokens,
  shown = 'names',
}: LoggedCheckOptions): (request: RequestForm) => { readonly line: string; readonly decision: 'allow' | 'deny' } {
  const state: DecisionState = {
    snapshot: compileSnapshot(model, { allowEmpty }),
    keySets: { generation: 1, sets: new Map() },
    revocations: nothingRevoked,
    bundles: undefined,
  };
  const ring = new DecisionRing({ size: 16, deniesPerSecond: 1e9, allowsPerSecond: 1e9 });
  const check = createCheck({
    state: createWatchable<DecisionState | undefined>(state),
    options,
    verifyTokens,
    ring,
    counters: new CheckCounters(),
    clock: { now: () => Date.now() },
    onError: (thrown) => {
      throw thrown;
    },
  });
  const redact = createDecisionRedactor(model);
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  const factsOf = createDecisionFacts({ model: () => model, shown: () => shown });
  const decisions = createDecisionLog(log, undefined, { factsOf });
  return (request) => {
    check(encodeRequestForm(request), { local: true });
    const [entry] = ring.drain(1).entries;
    if (entry === undefined) throw new Error('the ring had no room');
    decisions.add([redact(entry)]);
    return { line: lines.pop() ?? '', decision: entry.decision.effect };
  };
}
