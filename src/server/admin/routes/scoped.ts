/**
 * What readers of some namespaces are answered: decisions, policies and explanations whose destination lies there.
 * @module
 */
import type { ExplainAnswer } from '../../../admin-api/explain.ts';
import { GatehouseError } from '../../../errors.ts';
import { narrowRecord, seesDecision } from '../access/narrow-decision.ts';
import { narrowExplanation } from '../access/narrow-explanation.ts';
import { narrowPolicies } from '../access/narrow-policies.ts';
import { scopedQuestion } from '../access/scoped-question.ts';
import { notInSight, type Sight } from '../access/sight.ts';
import type { ScopedHandler } from '../admin-handler.ts';
import { explain, findDecision, why } from './explain.ts';
import { policies, recentDecisions } from './policies.ts';

/** Policies of his namespaces, and findings about them. */
export const policiesIn: ScopedHandler<'GET /v1/policies'> = async ({ sight, ...request }, deps) =>
  narrowPolicies(await policies(request, deps), sight, deps.config().policies.paths);

/** The latest decisions about workloads of his namespaces, newest first. */
export const decisionsIn: ScopedHandler<'GET /v1/decisions'> = ({ asked, sight }, { decisions }) =>
  recentDecisions(asked, { decisions }, (entry) =>
    seesDecision(entry, sight) ? narrowRecord(entry, sight) : undefined,
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
  if (kept === undefined)
    throw new GatehouseError(
      'not_found',
      `no decision ${id} about a workload of ${sight.namespaces.join(', ')} is kept: it is about another, of another server or from before the last start, was pushed out by later ones, or was one too many in its second`,
      { id },
    );
  const whole = await why({ who, asked }, deps);
  const principal = whole.record.source?.principal ?? '';
  const narrowing = { sight, isOwnQuestion: false, isCallerSeen: sight.hasId(principal) };
  const narrowed = (told: ExplainAnswer | null) =>
    told === null || !isSeen(told, sight) ? null : narrowExplanation(told, narrowing);
  const { snapshot, inForce, reproduced } = whole;
  return {
    record: narrowRecord(kept, sight),
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
        : whole.notes,
    test: null,
  };
};
