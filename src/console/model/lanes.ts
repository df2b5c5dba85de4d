/**
 * Policies in force as a board: a lane for each stage of each plane, in the order in which they are asked.
 * @module
 */
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import type { RuleRow, RulesAnswer } from '../../admin-api/seen/rules.ts';

export interface PolicyCard {
  readonly name: string;
  readonly kind: string;
  /** Empty: nobody is named. */
  readonly owner: string;
  /** It is evaluated and reported, and decides nothing. */
  readonly isDryRun: boolean;
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

/** What people call the stages, but for tiers, which have names. */
const stageNames: ReadonlyMap<string, string> = new Map([
  ['transport', 'mTLS'],
  ['delegate', 'CUSTOM'],
  ['token', 'tokens'],
  ['audit', 'AUDIT'],
  ['any-deny', 'DENY'],
  ['any-allow', 'ALLOW'],
]);

type Stage = PoliciesAnswer['planes'][number]['stages'][number];

function titleOf(plane: string, mode: string, { kind, name, direction }: Stage): string {
  const stage =
    stageNames.get(kind) ?? (kind === 'first-match' && name !== undefined ? `tier ${name}` : (name ?? kind));
  const parts = [plane, stage, ...(direction === undefined ? [] : [direction])];
  return `${parts.join(' · ')}${mode === 'enforce' ? '' : ` (${mode})`}`;
}

const keyOf = (kind: string, namespace: string, name: string): string => JSON.stringify([kind, namespace, name]);

/** Lays them out. */
export function lanesOf({ planes }: PoliciesAnswer, { rules }: Pick<RulesAnswer, 'rules'>): readonly Lane[] {
  const byPolicy = Map.groupBy(rules, ({ plane, kind, namespace, name }) => `${plane} ${keyOf(kind, namespace, name)}`);
  return planes.flatMap(({ id: plane, mode, stages }) =>
    stages.map((stage, i) => ({
      id: `${plane} ${i}`,
      title: titleOf(plane, mode, stage),
      cards: stage.policies.map(({ kind, namespace, name, file, line, owner = '', mode: ownMode }) => {
        const all = byPolicy.get(`${plane} ${keyOf(kind, namespace, name)}`) ?? [];
        // A policy of both directions stands in a lane of each.
        const own = stage.direction === undefined ? all : all.filter((each) => each.direction === stage.direction);
        return {
          ...{ kind, file, line, owner, rules: own, isDryRun: ownMode === 'dry-run' },
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
