/**
 * Policies in force as a board: a lane for each stage of each plane, in the order in which they are asked.
 * @module
 */
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import type { RuleRow, RulesAnswer } from '../../admin-api/seen/rules.ts';

export interface PolicyCard {
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly line: number;
  readonly rules: readonly RuleRow[];
  readonly hits: number;
  /** RFC 3339; null: none of its rules has decided. */
  readonly lastAt: string | null;
}

export interface Lane {
  readonly id: string;
  readonly title: string;
  readonly cards: readonly PolicyCard[];
}

/** What people call the stages. */
const stageNames: ReadonlyMap<string, string> = new Map([
  ['transport', 'mTLS'],
  ['delegate', 'CUSTOM'],
  ['token', 'tokens'],
  ['audit', 'AUDIT'],
  ['any-deny', 'DENY'],
  ['any-allow', 'ALLOW'],
]);

const keyOf = (kind: string, namespace: string, name: string): string => JSON.stringify([kind, namespace, name]);

/** Lays them out. */
export function lanesOf({ planes }: PoliciesAnswer, { rules }: Pick<RulesAnswer, 'rules'>): readonly Lane[] {
  const byPolicy = Map.groupBy(rules, ({ plane, kind, namespace, name }) => `${plane} ${keyOf(kind, namespace, name)}`);
  return planes.flatMap(({ id: plane, mode, stages }) =>
    stages.map(({ kind: stage, policies }, i) => ({
      id: `${plane} ${i}`,
      title: `${plane} · ${stageNames.get(stage) ?? stage}${mode === 'enforce' ? '' : ` (${mode})`}`,
      cards: policies.map(({ kind, namespace, name, file, line }) => {
        const own = byPolicy.get(`${plane} ${keyOf(kind, namespace, name)}`) ?? [];
        return {
          ...{ kind, file, line, rules: own },
          name: namespace === '' ? name : `${namespace}/${name}`,
          hits: own.reduce((sum, { count }) => sum + count, 0),
          lastAt: own.reduce<string | null>(
            (last, { lastAt }) => (last === null || (lastAt ?? '') > last ? lastAt : last),
            null,
          ),
        };
      }),
    })),
  );
}
