/**
 * Whether two models hold the same policies, whatever pods there are.
 * @module
 */
import type { PolicyModel, Stage } from '../../policy/model.ts';

/** Policies that did not change are the same values. */
export function haveSamePolicies(one: PolicyModel, other: PolicyModel): boolean {
  if (one.planes === other.planes) return true;
  return (
    one.planes.length === other.planes.length &&
    one.planes.every(({ id, stages }, i) => {
      const plane = other.planes[i];
      return (
        id === plane?.id &&
        stages.length === plane.stages.length &&
        stages.every((stage, j) => isSameStage(stage, plane.stages[j]!)) // as many
      );
    })
  );
}

const isSameStage = (one: Stage, other: Stage): boolean =>
  one.kind === other.kind &&
  one.policies.length === other.policies.length &&
  one.policies.every((policy, i) => policy === other.policies[i]);
