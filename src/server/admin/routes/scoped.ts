/**
 * What readers of some namespaces are answered: decisions, policies and explanations whose destination lies there.
 * @module
 */
import type { ExplainAnswer } from '../../../admin-api/explain.ts';
import { GatehouseError } from '../../../errors.ts';
import type { DecisionRecord } from '../../log/decision-record.ts';
import { narrowEntry, narrowRecord, seesDecision, seesRecord } from '../access/narrow-decision.ts';
import { narrowExplanation } from '../access/narrow-explanation.ts';
import { narrowPolicies } from '../access/narrow-policies.ts';
import { scopedQuestion } from '../access/scoped-question.ts';
import { notInSight, type Sight } from '../access/sight.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { ScopedHandler } from '../admin-handler.ts';
import { explain, findDecision, why } from './explain.ts';
import { policies, recentDecisions } from './policies.ts';
import { remoteDecisions } from './remote-decisions.ts';

/** Policies of his namespaces, and findings about them. */
export const policiesIn: ScopedHandler<'GET /v1/policies'> = async ({ sight, ...request }, deps) =>
  narrowPolicies(await policies(request, deps), sight, deps.config().policies.paths);

/** The latest decisions about workloads of his namespaces, newest first. */
export const decisionsIn: ScopedHandler<'GET /v1/decisions'> = ({ asked, sight }, { decisions, remote }) =>
  recentDecisions(
    asked,
    { decisions, remote },
    {
      here: (entry) => (seesDecision(entry, sight) ? narrowEntry(entry, sight) : undefined),
      elsewhere: (record) => (seesRecord(record, sight) ? narrowRecord(record, sight) : undefined),
    },
  );

const isSeen = ({ destination }: ExplainAnswer, { has, hasId }: Sight): boolean =>
  destination !== null && has(destination.namespace) && hasId(destination.spiffeId);

/** Explains a question of his own, if what it asks for is his. */
export const explainIn: ScopedHandler<'POST /v1/explain'> = async ({ who, asked, sight }, deps) => {
  const question = scopedQuestion(asked, sight, deps);
  const told = await explain({ who, asked: question.asked }, deps);
  if (!isSeen(told, sight)) throw notInSight(sight, 'the destination');
  return narrowExplanation(told, { sight, isOwnQuestion: true, isCallerSeen: sight.hasId(question.principal) });
};

/** The derivation of a decision about a workload of his; another is as if it were not kept. */
export const whyIn: ScopedHandler<'GET /v1/decisions/{id}'> = async ({ who, asked, sight }, deps) => {
  const { id } = asked;
  const kept = await findDecision(id, deps, (entry) => seesDecision(entry, sight));
  const isHere = kept !== undefined;
  if (!isHere && !isSeenElsewhere(id, deps, sight)) throw notSeen(id, sight);
  const whole = await why({ who, asked }, deps);
  // No member of the record is undefined: it was made, or read as JSON.
  if (!isHere && !seesRecord(whole.record, sight)) throw notSeen(id, sight);
  const principal = whole.record.source?.principal ?? '';
  const narrowing = { sight, isOwnQuestion: false, isCallerSeen: sight.hasId(principal) };
  const narrowed = (told: ExplainAnswer | null) =>
    told === null || !isSeen(told, sight) ? null : narrowExplanation(told, narrowing);
  const { snapshot, inForce, reproduced } = whole;
  return {
    record: isHere ? narrowEntry(kept, sight) : narrowRecord(whole.record as DecisionRecord, sight),
    // The issuance log is of the whole trust domain.
    ...(whole.caller && narrowing.isCallerSeen && { caller: { ...whole.caller, issued: null } }),
    ...(whole.decider !== undefined && { decider: whole.decider }),
    snapshot,
    inForce,
    before: narrowed(whole.before),
    now: narrowed(whole.now),
    reproduced,
    notes:
      reproduced === false
        ? [
            'the derivation came to something else than the decision: something besides policy has changed since, or a secret of the request decided',
          ]
        : isHere
          ? whole.notes
          : [],
    test: null,
  };
};

/** A decider elsewhere is asked only about a decision whose record it has sent, and which is his. */
function isSeenElsewhere(id: string, { remote }: Pick<AdminDeps, 'remote'>, sight: Sight): boolean {
  if (remote === undefined) return false;
  return remoteDecisions(remote).some(({ record }) => record.id === id && seesRecord(record, sight));
}

const notSeen = (id: string, { namespaces }: Sight) =>
  new GatehouseError(
    'not_found',
    `no decision ${id} about a workload of ${namespaces.join(', ')} is kept: it is about another, of another server or from before the last start, was pushed out by later ones, or was one too many in its second`,
    { id },
  );
