/**
 * The rules that a model holds, and those that another one holds instead.
 * @module
 */
import { differingPart } from '../../lib/lists/differing-part.ts';
import type { Plane, Policy, PolicyModel, Rule, RuleStage } from '../model.ts';

/** A policy with rules, where it stands. */
export interface PlacedPolicy {
  readonly plane: Plane;
  readonly stage: RuleStage;
  readonly policy: Policy;
}

/** A rule in force. */
export interface PlacedRule extends PlacedPolicy {
  readonly rule: Rule;
}

/** The rules of a model, plane by plane, in the order of the stages; those of planes that are off are in force nowhere. */
export function* rulesInForce(model: PolicyModel): Iterable<PlacedRule> {
  for (const { plane, stage } of stagesOf(model))
    for (const policy of stage.policies) for (const rule of policy.rules) yield { plane, stage, policy, rule };
}

/** Policies that one model has and another has not, edited ones on both sides. */
export interface ModelChange {
  readonly gone: readonly PlacedPolicy[];
  readonly came: readonly PlacedPolicy[];
}

/** Compares two models by what is the same object in both. */
export function changedPolicies(before: PolicyModel | undefined, after: PolicyModel): ModelChange {
  const gone: PlacedPolicy[] = [];
  const came: PlacedPolicy[] = [];
  const old = new Map(before === undefined ? [] : [...stagesOf(before)].map((each) => [nameOf(each), each]));
  const fresh = new Map([...stagesOf(after)].map((each) => [nameOf(each), each]));
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const [was, is] = [old.get(name), fresh.get(name)];
    const [wasThere, isThere] = [was?.stage.policies ?? [], is?.stage.policies ?? []];
    const { head, tail } = differingPart(wasThere, isThere);
    const stayed = new Set(isThere.slice(head, isThere.length - tail));
    for (const policy of wasThere.slice(head, wasThere.length - tail))
      if (!stayed.delete(policy)) gone.push({ ...was!, policy }); // it has policies, so it is there
    for (const policy of stayed) came.push({ ...is!, policy });
  }
  return { gone, came };
}

function* stagesOf({ planes }: PolicyModel): Iterable<Omit<PlacedPolicy, 'policy'>> {
  for (const plane of planes) {
    if (plane.mode === 'off') continue;
    for (const stage of plane.stages) if (stage.kind !== 'transport' && stage.kind !== 'token') yield { plane, stage };
  }
}

const nameOf = ({ plane, stage }: Omit<PlacedPolicy, 'policy'>): string =>
  JSON.stringify([plane.id, stage.kind, stage.name, stage.direction]);
