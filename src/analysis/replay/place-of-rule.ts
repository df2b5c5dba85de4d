/**
 * Where the rule stands that decided.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import type { Position } from '../../policy/documents/position.ts';
import type { PolicyModel, PolicyRef } from '../../policy/model.ts';

/** Finds the place of a rule, or of its policy where no rule decided. */
export type PlaceOfRule = (decided: Pick<Decision, 'policy' | 'rule'>) => Position | undefined;

/** Indexes the policies of a model. */
export function createPlaceOfRule({ planes }: PolicyModel): PlaceOfRule {
  const places = new Map<string, Position>();
  const keyOf = ({ dialect, kind, namespace, name }: PolicyRef, rule: number | undefined): string =>
    JSON.stringify([dialect, kind, namespace, name, rule]);
  for (const stage of planes.flatMap(({ stages }) => stages))
    for (const policy of stage.policies) {
      places.set(keyOf(policy.ref, undefined), policy.position);
      if (stage.kind === 'transport' || stage.kind === 'token') continue;
      for (const { index, position } of (policy as { readonly rules: readonly Numbered[] }).rules)
        places.set(keyOf(policy.ref, index), position); // of a stage of rules
    }
  return ({ policy, rule }) => policy && (places.get(keyOf(policy, rule)) ?? places.get(keyOf(policy, undefined)));
}

interface Numbered {
  readonly index: number;
  readonly position: Position;
}
