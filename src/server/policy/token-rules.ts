/**
 * The token rules of a model, wherever they stand in it.
 * @module
 */
import type { PolicyModel, TokenRule } from '../../policy/model.ts';

/** Every token rule of a model. */
export function tokenRulesOf(model: PolicyModel): readonly TokenRule[] {
  return model.planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'token' ? stage.policies.flatMap(({ rules }) => rules) : [])),
  );
}
