/**
 * An explanation as somebody sees it who reads some namespaces only.
 *
 * Every member is built here anew, so that what an explanation will have besides is not shown before somebody has thought of it.
 * @module
 */
import type { ExplainAnswer } from '../../../admin-api/explain.ts';
import { type Narrowing, narrowRequest } from './narrow-request.ts';
import { idOf } from './sight.ts';

type Stage = ExplainAnswer['stages'][number];
type Policy = Stage['policies'][number];
type Clause = Policy['rules'][number]['clauses'][number];
type Flip = ExplainAnswer['flip'];
type Verdict = Pick<ExplainAnswer, 'decision' | 'reason' | 'policy' | 'rule'>;

/** Facts that belong to the request or its destination, whoever sent it. */
const PLAIN_FACTS: ReadonlySet<string> = new Set([
  ...['method', 'path', 'host', 'sni', 'IP protocol', 'destination port', 'named destination port'],
  ...['destination address', 'destination endpoint', 'destination identity'],
]);
/** Facts that only the sender of a request gives: he knows those of his own question. */
const SENT_FACTS = /^(header|claim|metadata) /;
/** Facts of the caller's place. */
const SOURCE_FACTS = /^(named )?(source|remote) /;

/** Leaves the verdict, his own policies, and of the request what he may know. */
export function narrowExplanation(whole: ExplainAnswer, narrowing: Narrowing): ExplainAnswer {
  const { sight, isOwnQuestion } = narrowing;
  const verdict = narrowVerdict(whole, narrowing);
  const { decision, reason, policy, rule } = verdict;
  const by = policy === null ? '' : ` by ${policy}${rule === null ? '' : ` rule ${rule}`}`;
  return {
    ...verdict,
    summary: `${decision === 'allow' ? 'allowed' : 'denied'}${by} (${reason})`,
    destination: whole.destination,
    dryRun: whole.dryRun && { decision: whole.dryRun.decision, policy: nameFor(whole.dryRun.policy, narrowing) },
    planes: whole.planes.map(({ plane, mode, flip, ...said }) => ({
      plane,
      mode,
      ...narrowVerdict(said, narrowing),
      ...(flip && { flip: narrowFlip(flip, whole, narrowing) }),
    })),
    snapshot: whole.snapshot,
    request: narrowRequest(whole.request, narrowing),
    stages: whole.stages.flatMap((stage) => narrowStage(stage, narrowing)),
    nearMisses: whole.nearMisses
      .filter((miss) => sight.whose(miss.policy) === 'own')
      .map(({ first, ...miss }) => ({
        ...miss,
        first: { ...narrowClause(first, narrowing), path: first.path, line: first.line, column: first.column },
      })),
    flip: isOwnQuestion ? narrowFlip(whole.flip, whole, narrowing) : {},
  };
}

/** The name of a policy of all may be told, the name of another tenant's may not. */
const nameFor = (policy: string | null, { sight }: Narrowing): string | null =>
  policy === null || sight.whose(policy) === 'other' ? null : policy;

function narrowVerdict({ decision, reason, policy, rule }: Verdict, narrowing: Narrowing): Verdict {
  const isOwn = policy !== null && narrowing.sight.whose(policy) === 'own';
  return { decision, reason, policy: nameFor(policy, narrowing), rule: isOwn ? rule : null };
}

/** A stage in which nothing of his was asked, and which did not decide, is none of his. */
function narrowStage(stage: Stage, narrowing: Narrowing): Stage[] {
  const { plane, mode, stage: name, direction, endpoint, decision, said, policies } = stage;
  const isElsewhere = direction === 'egress' && !narrowing.sight.has(endpoint?.split('/', 1)[0] ?? '');
  const own = isElsewhere ? [] : policies.filter(({ policy }) => narrowing.sight.whose(policy) === 'own');
  if (own.length === 0 && decision === 'continue') return [];
  const isWhole = !isElsewhere && own.length === policies.length && own.length > 0;
  return [
    {
      plane,
      mode,
      stage: isElsewhere ? 'egress' : name,
      ...(direction !== undefined && { direction }),
      ...(endpoint !== undefined && !isElsewhere && { endpoint }),
      decision,
      said: isWhole ? said : '',
      policies: own.map((policy) => narrowPolicy(policy, narrowing)),
    },
  ];
}

const narrowPolicy = (policy: Policy, narrowing: Narrowing): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({
    ...rule,
    clauses: rule.clauses.map((clause) => narrowClause(clause, narrowing)),
  })),
});

/** What his rule wants, and what the request had where he may know it; a fact that is not known here is not told. */
function narrowClause(clause: Clause, { isOwnQuestion, isCallerSeen }: Narrowing): Clause {
  const { fact, values, relation, patterns } = clause;
  if (PLAIN_FACTS.has(fact)) return clause;
  if (isOwnQuestion && SENT_FACTS.test(fact)) return clause;
  if (isCallerSeen && (fact === 'principal' || SOURCE_FACTS.test(fact))) return clause;
  const wanted = `${relation === 'is not' ? 'not ' : ''}${patterns.map((each) => JSON.stringify(each)).join(', ')}`;
  const ids = fact === 'principal' ? values.filter((each) => idOf(each) !== undefined) : [];
  const had = ids.length > 0 ? ids.map((each) => JSON.stringify(each)).join(' and ') : 'not shown';
  return { fact, values: ids, relation, patterns, text: `${fact} (${had}), wanted: ${wanted}` };
}

/**
 * What would turn his own question round: of policies only his own; of the request only where no other policy was in it, since
 * what they want would be told. A diff shows lines around the policy, which may be of anybody.
 */
function narrowFlip(
  { request, policy }: Flip,
  { stages }: ExplainAnswer,
  { sight, isOwnQuestion, isCallerSeen }: Narrowing,
): Flip {
  if (!isOwnQuestion) return {};
  const isAllOwn = stages.every(({ policies }) => policies.every((each) => sight.whose(each.policy) === 'own'));
  const isOwn = policy !== undefined && sight.whose(policy.policy) === 'own';
  const isOfRequest = policy?.kind === 'AuthorizationPolicy';
  return {
    ...(request && isAllOwn && isCallerSeen && { request }),
    ...(isOwn && (isCallerSeen || isOfRequest) && { policy: { ...policy, diff: '' } }),
  };
}
