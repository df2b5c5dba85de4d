/**
 * Tells of rules, and of parts of them, that no workload of the registry meets: by labels, by names, or by ports.
 * @module
 */
import type { LintFinding } from '../scene/lint-finding.ts';
import { type LintScene, nameOfRule } from '../scene/lint-scene.ts';
import type { LintCode } from '../scene/placed-rule.ts';
import { makesPods } from '../scene/workloads.ts';
import { type FoundUnmet, findUnmet, type UnmetRule } from './find-unmet.ts';

/** What tells the same fault of a rule. */
const same: ReadonlySet<LintCode> = new Set<LintCode>([
  'l7-allow-l4-deny',
  'named-port-unknown',
  'namespace-unknown',
  'rule-never-holds',
  'rule-shadowed',
  'service-account-unknown',
  'service-port',
  'service-unknown',
]);

/** One finding a rule (`rule-never-holds`), none where another one tells of it, and the rules of which nothing can be said. */
export function unmetRules(
  scene: LintScene,
  told: readonly LintFinding[],
): { readonly findings: readonly LintFinding[] } & Omit<FoundUnmet, 'unmet'> {
  const known = new Set(told.filter(({ code }) => same.has(code)).map(positionOf));
  const { unmet, ...rest } = findUnmet(scene);
  const isNew = ({ placed }: UnmetRule): boolean => !known.has(positionOf(placed.rule.position));
  return { findings: unmet.filter(isNew).flatMap((one) => findingOf(one, scene)), ...rest };
}

const positionOf = ({ file, line, column }: { file: string; line: number; column: number }): string =>
  JSON.stringify([file, line, column]);

const SHOWN = 3;

/**
 * A mistake is a warning. That nobody has come yet is a hint, and of what lets in alone: who refuses somebody to come does so on
 * purpose. Where pods are made of what was not read, nobody knows who is there.
 */
function findingOf({ placed, isWhole, parts }: UnmetRule, scene: LintScene): readonly LintFinding[] {
  const mistake = parts.find(({ isMistake }) => isMistake);
  if (mistake === undefined && (placed.rule.effect !== 'allow' || scene.deps.unread?.some(makesPods))) return [];
  const name = nameOfRule(placed);
  const reasons = [...new Set(parts.map(({ why }) => why))];
  const more = reasons.length > SHOWN ? [`${reasons.length - SHOWN} more`] : [];
  return [
    {
      ...placed.rule.position,
      code: 'rule-never-holds',
      severity: mistake === undefined ? 'hint' : 'warning',
      path: '',
      message: `${isWhole ? name : `part of ${name}`} is met by no workload of today: ${[...reasons.slice(0, SHOWN), ...more].join('; ')}`,
      fix: (mistake ?? parts[0]!).fix, // there is one at least
      witness: null,
      owners: scene.owners(placed.policy),
    },
  ];
}
