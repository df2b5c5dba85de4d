/**
 * `/v1/candidate`.
 * @module
 */
import type { CandidateDifference } from '../../../admin-api/candidate.ts';
import type { Explanation } from '../../../analysis/explain.ts';
import type { RedactedTokens } from '../../../authz/record/redacted-decision.ts';
import { fromByteString } from '../../../lib/byte-string.ts';
import type { CandidateSide } from '../../candidate/candidate-side.ts';
import type { Difference } from '../../candidate/difference-table.ts';
import { decisionRecord } from '../../log/decision-record.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler } from '../admin-handler.ts';

const FLUSH_TIMEOUT_MS = 500;
const MOST_DERIVED = 50;

/** What the candidate would change, with both derivations of each difference. */
export const candidate: AdminHandler<'GET /v1/candidate'> = async ({ asked }, deps) => {
  const { candidate: side, deciders } = deps;
  await deciders?.report(FLUSH_TIMEOUT_MS);
  const { state } = side;
  const all = side.differences.rows(asked.order, asked.result);
  const differences: CandidateDifference[] = [];
  for (const row of all.slice(0, asked.limit))
    differences.push(await shown(row, deps, asked.derive && differences.length < MOST_DERIVED));
  return {
    state: state.state,
    why: state.state === 'broken' ? state.why : '',
    findings: state.state === 'broken' ? state.errors : [],
    since: state.state === 'comparing' ? new Date(state.sinceAt).toISOString() : null,
    summary: state.state === 'comparing' ? state.summary : '',
    digest: state.state === 'comparing' ? state.digest : '',
    counts: { ...side.counts },
    error: side.error,
    lacks: [...side.lacks].map(([fact, count]) => ({ fact, count })).sort((a, b) => b.count - a.count),
    differences,
    differenceCount: all.length,
    pushedOut: side.differences.pushedOut,
  };
};

async function shown(row: Difference, deps: AdminDeps, isDerived: boolean): Promise<CandidateDifference> {
  const { candidate: said, caller, method, count, firstAt, lastAt, example } = row;
  const [inForce, other] = [verdictOf(example.decision), verdictOf(said.decision)];
  const [derivedInForce, derivedCandidate] = isDerived ? await derivationsOf(row, deps) : [null, null];
  return {
    result: said.result,
    caller: fromByteString(caller),
    destination: example.destination?.spiffeId ?? '',
    method: fromByteString(method),
    count,
    firstAt: new Date(firstAt).toISOString(),
    lastAt: new Date(lastAt).toISOString(),
    inForce,
    candidate: other,
    example: decisionRecord({ ...example, candidate: said }),
    derivedInForce,
    derivedCandidate,
    reproduced:
      derivedInForce === null || derivedCandidate === null
        ? null
        : isReached(derivedInForce, inForce) && isReached(derivedCandidate, other),
  };
}

type Verdict = CandidateDifference['inForce'];

function verdictOf({ effect, reason, plane, policy, rule }: Difference['example']['decision']): Verdict {
  const name =
    policy === undefined ? null : policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
  return { decision: effect, reason, plane: plane ?? null, policy: name, rule: rule ?? null };
}

const isReached = (told: Explanation, { decision, reason, policy, rule }: Verdict): boolean =>
  told.decision === decision && told.reason === reason && told.policy === policy && told.rule === rule;

type Derived = Explanation | null;

/** Under the policies that decided, or those in force where they are kept no longer; and under the candidate. */
async function derivationsOf(
  { example, exampleTokens, candidate: said }: Difference,
  { explain, candidate: side }: Pick<AdminDeps, 'explain'> & { readonly candidate: CandidateSide },
): Promise<readonly [Derived, Derived]> {
  const { request, decidedAt: nowMs, caller, tokens, snapshot } = example;
  const model = side.model();
  if (request === undefined || model === undefined) return [null, null];
  const questionOf = (known: RedactedTokens | undefined) => ({
    request,
    nowMs,
    caller,
    ...(known && { tokens: known }),
  });
  const inForce = await explain.explain(questionOf(tokens), explain.holds(snapshot) ? snapshot : undefined);
  const other = said.result === 'error' ? null : await explain.explainBeside(model, questionOf(exampleTokens));
  return [inForce, other && { ...other, flip: {} }];
}
