/**
 * What lint did not get to ask.
 * @module
 */
import { withOthers } from '../../policy/documents/other-rule.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { nameOfRule, placeOf } from './scene/lint-scene.ts';
import { type LintCode, otherOf, type PlacedRule } from './scene/placed-rule.ts';

const SHOWN = 3;

/** Names the rules about which not all was asked, and the finding that may be missing of them. @param rules  at least one */
export function unfinished(
  code: LintCode,
  { rules, of }: { readonly rules: readonly PlacedRule[]; readonly of: number },
): LintFinding {
  const shown = rules.slice(0, SHOWN).map((each) => `${nameOfRule(each)} (${placeOf(each.rule.position)})`);
  const more = rules.length > SHOWN ? ` and ${rules.length - SHOWN} more` : '';
  return {
    ...rules[0]!.rule.position,
    severity: 'warning',
    code: 'lint-unfinished',
    path: '',
    message: `of ${rules.length} of the ${of} rules that ${code} is about not every request was asked, there are too many: ${shown.join(', ')}${more} may have more wrong than is told here`,
    fix: 'lint the policies of fewer namespaces at a time, or name callers in the rules',
    ...withOthers(rules.slice(1).map(otherOf)),
    witness: null,
    owners: [],
  };
}
