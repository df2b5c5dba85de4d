/**
 * Asks each plane alone, as if it were enforced, about requests that are read as a Check reads them.
 * @module
 */
import type { RequestForm } from '../../../admin-api/request-form.ts';
import { createTokenVerifier } from '../../../authz/jwt/verifier.ts';
import { Question, type QuestionOptions } from '../../../authz/question.ts';
import type { DecisionState } from '../../../authz/state.ts';
import { compileSnapshot } from '../../../policy/compile/compile-snapshot.ts';
import type { Decision } from '../../../policy/decision.ts';
import { evaluate } from '../../../policy/evaluate/evaluate.ts';
import type { PlaneTrace } from '../../../policy/evaluate/trace.ts';
import type { Plane, PlaneId, Policy, PolicyModel, RuleStage } from '../../../policy/model.ts';
import type { Snapshot } from '../../../policy/snapshot.ts';
import { encodeRequestForm } from '../../request-form.ts';
import type { PlacedRule } from './placed-rule.ts';

/** What each plane said. */
export interface Replay {
  readonly form: RequestForm;
  readonly decisions: ReadonlyMap<PlaneId, Decision>;
}

/** Two policies of one stage. */
export type PolicyPair = readonly [Policy, Policy];

/** Asks about requests. */
export interface Asker {
  /** Asks the planes, all unless some are named. */
  replay(form: RequestForm, ...planes: readonly PlaneId[]): Replay;
  /** How the network derives its verdict, from these policies of it alone; of two that are `swapped` each is asked at the place of the other. */
  traceNetwork(form: RequestForm, policies: ReadonlySet<Policy>, swapped?: PolicyPair): PlaneTrace | undefined;
  /** Whether a rule would decide if there were no other. */
  decidesAlone(form: RequestForm, placed: PlacedRule): boolean;
}

const never = { sequence: 0, spiffeIds: new Set<string>(), serials: new Set<string>(), spkis: new Set<string>() };
const allowEmpty = { allowEmpty: true };

/** Makes what asks; a plane is compiled when it is asked first. */
export function createAsker(model: PolicyModel, options: QuestionOptions): Asker {
  const enforced = model.planes.map((plane): Plane => ({ ...plane, mode: 'enforce' }));
  const withOnly = createNarrowing();
  const snapshots = new Map<PlaneId, Snapshot>();
  const snapshotOf = (plane: Plane): Snapshot => {
    const made = snapshots.get(plane.id) ?? compileSnapshot({ ...model, planes: [plane] }, allowEmpty);
    snapshots.set(plane.id, made);
    return made;
  };
  const counters = { unverifiedPeers: 0, ambiguousRequests: 0, peersWithCertificate: 0, peersWithout: 0 };
  const question = new Question(options, createTokenVerifier(), counters);
  const state: Omit<DecisionState, 'snapshot'> = {
    keySets: { generation: 0, sets: new Map() },
    revocations: never,
    bundles: undefined,
  };
  const read = (form: RequestForm): boolean =>
    question.read(encodeRequestForm(form), { local: true }, state, 0) === undefined;
  return {
    replay(form, ...planes) {
      const decisions = new Map<PlaneId, Decision>();
      if (!read(form)) return { form, decisions };
      for (const plane of enforced)
        if (planes.length === 0 || planes.includes(plane.id))
          decisions.set(plane.id, snapshotOf(plane).decide(question.facts));
      return { form, decisions };
    },
    traceNetwork(form, policies, swapped) {
      if (!read(form)) return undefined;
      const planes = enforced.filter(({ id }) => id === 'l4').map((plane) => withOnly(plane, policies, swapped));
      return evaluate({ ...model, planes }, question.facts, allowEmpty).trace.planes[0];
    },
    decidesAlone(form, { plane: id, stage, policy, rule }) {
      if (!read(form)) return false;
      const only: RuleStage = { ...stage, policies: [{ ...policy, rules: [rule] }] };
      const planes: Plane[] = [{ id, mode: 'enforce', stages: [only] }];
      const { decision } = evaluate({ ...model, planes }, question.facts, allowEmpty);
      return decision.policy === policy.ref && decision.rule === rule.index;
    },
  };
}

/** Makes planes of fewer policies, in their own order, at the cost of those alone. */
function createNarrowing(): (plane: Plane, wanted: ReadonlySet<Policy>, swapped?: readonly Policy[]) => Plane {
  const orders = new Map<RuleStage, ReadonlyMap<Policy, number>>();
  const orderOf = (stage: RuleStage): ReadonlyMap<Policy, number> => {
    const order = orders.get(stage) ?? new Map(stage.policies.map((policy, i) => [policy, i]));
    orders.set(stage, order);
    return order;
  };
  const narrowed = (stage: RuleStage, wanted: ReadonlySet<Policy>, swapped: readonly Policy[]): RuleStage => {
    const order = orderOf(stage);
    const [one, other] = swapped;
    const placeOf = (policy: Policy): number =>
      order.get((policy === one ? other : policy === other ? one : policy) ?? policy)!; // only those that it has are asked for
    const policies = [...wanted].filter((policy) => order.has(policy));
    return { ...stage, policies: policies.sort((a, b) => placeOf(a) - placeOf(b)) };
  };
  return (plane, wanted, swapped = []) => ({
    ...plane,
    stages: plane.stages.map((stage) =>
      stage.kind === 'transport' || stage.kind === 'token' ? stage : narrowed(stage, wanted, swapped),
    ),
  });
}
