/**
 * One layer of the site: rules by priority, the first that holds decides, and those who are none of its business pass.
 * @module
 */
import type { Position } from '../../documents/position.ts';
import type { Expr, PolicyRef, RuleStage } from '../../model.ts';

/** A rule of a layer. */
export interface LayerRule {
  readonly index: number;
  readonly position: Position;
  /** The lower comes first; no two of a layer have one. */
  readonly priority: number;
  readonly effect: 'allow' | 'deny';
  readonly holds: Expr;
  /** Nobody can take it away. */
  readonly isDefault?: boolean;
}

export interface Layer {
  /** For people, and of no other layer. */
  readonly name: string;
  readonly ref: PolicyRef;
  readonly position: Position;
  readonly owner: string;
  readonly rules: readonly LayerRule[];
}

/** A stage of the plane `site`; a layer that holds for no request lets it pass. */
export function stageOf({ name, ref, position, owner, rules }: Layer): RuleStage {
  return {
    kind: 'first-match',
    name,
    onNoMatch: 'pass',
    policies: [
      {
        ref,
        position,
        owner,
        mode: 'enforce',
        subject: { namespace: undefined, labels: [] },
        rules: rules
          .toSorted((a, b) => a.priority - b.priority)
          .map(({ index, position: at, effect, holds, isDefault = false }) => ({
            ...{ index, position: at, effect, http: holds, tcp: holds },
            ...(isDefault && { isDefault }),
          })),
      },
    ],
  };
}
