/**
 * Small changes of a set of policies, of which a test should notice every one that means something.
 * @module
 */
import { nameOf } from '../../authz/answer/respond.ts';
import type { Position } from '../../policy/documents/position.ts';
import type { Policy, PolicyModel, PolicyRef, RuleStage, Stage } from '../../policy/model.ts';
import { changesOfRule } from './mutate-rule.ts';

/** One change. */
export interface Mutation {
  readonly kind: 'deleted' | 'widened' | 'narrowed';
  /** E.g. `the rule is gone`. */
  readonly what: string;
  readonly policy: string;
  readonly ref: PolicyRef;
  readonly rule?: number;
  /** Of the rule, or of the policy. */
  readonly position: Position;
  /** The policies with the change. */
  apply(): PolicyModel;
}

/** A document of any kind of policy. */
interface Written {
  readonly ref: PolicyRef;
  readonly position: Position;
}

/** All changes of all policies that decide, in their order; a policy that stands in several planes is changed in all of them. */
export function mutationsOf(model: PolicyModel): readonly Mutation[] {
  const seen = new Set<string>();
  const out: Mutation[] = [];
  for (const { mode, stages } of model.planes) {
    if (mode !== 'enforce') continue;
    for (const stage of stages)
      for (const policy of stage.policies) {
        const key = JSON.stringify([policy.ref, policy.position]);
        if (seen.has(key)) continue;
        seen.add(key);
        if ('providerAskedBy' in policy && policy.providerAskedBy === 'envoy') continue; // it decides nothing here
        out.push(deletion(model, policy));
        if (isOfRules(stage)) out.push(...changesOfPolicy(model, policy as Policy)); // of a stage of rules
      }
  }
  return out;
}

const isOfRules = (stage: Stage): stage is RuleStage =>
  stage.kind !== 'transport' && stage.kind !== 'token' && stage.kind !== 'audit';

const deletion = (model: PolicyModel, policy: Written): Mutation => ({
  kind: 'deleted',
  what: 'the policy is gone',
  ...named(policy),
  position: policy.position,
  apply: () => withPolicies(model, policy, () => []),
});

const named = ({ ref }: Written) => ({ policy: nameOf(ref) ?? ref.name, ref });

function changesOfPolicy(model: PolicyModel, policy: Policy): Mutation[] {
  if (policy.mode === 'dry-run') return [];
  return policy.rules.flatMap((rule) => {
    const { index, position } = rule;
    const isIt = (one: { readonly index: number }): boolean => one.index === index;
    const common = { ...named(policy), rule: index, position };
    const gone: Mutation = {
      kind: 'deleted',
      what: 'the rule is gone',
      ...common,
      apply: () => withRules(model, policy, (rules) => rules.filter((one) => !isIt(one))),
    };
    const changes = changesOfRule(rule).map(
      ({ kind, what }, at): Mutation => ({
        ...{ kind, what, ...common },
        // A rule of ingress and of egress reads otherwise: each is changed as it stands.
        apply: () =>
          withRules(model, policy, (rules) =>
            rules.map((one) => (isIt(one) ? (changesOfRule(one)[at]?.rule ?? one) : one)),
          ),
      }),
    );
    return [gone, ...changes];
  });
}

function withRules(
  model: PolicyModel,
  policy: Policy,
  change: (rules: Policy['rules']) => Policy['rules'],
): PolicyModel {
  return withPolicies(model, policy, (one) => {
    const { rules } = one as unknown as Policy; // it stands where the policy stands
    return [{ ...one, rules: change(rules) }];
  });
}

/** What becomes of a policy: itself, another, nothing. */
type Change = <P extends Written>(one: P) => readonly P[];

/** The same with other policies in place of one, wherever it stands. */
function withPolicies(model: PolicyModel, { ref, position }: Written, change: Change): PolicyModel {
  const key = JSON.stringify([ref, position]);
  const inStage = <S extends Stage>(stage: S): S => ({
    ...stage,
    policies: (stage.policies as readonly Written[]).flatMap((one) =>
      JSON.stringify([one.ref, one.position]) === key ? change(one) : [one],
    ),
  });
  const planes = model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(inStage) }));
  return { ...model, planes };
}
