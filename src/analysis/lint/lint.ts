/**
 * `policy lint`: what is wrong between policies, each with a request that shows it.
 *
 * Every check tries what the policies themselves name over the pods of the registry, and tells what the replay showed. An engine that
 * proves it for all requests and all future pods would be another list of checks over the same scene.
 * @module
 */
import { absenceDependent } from './absence.ts';
import { defaultDenyGaps, httpOnOtherPorts, namedPortUnknown } from './coverage.ts';
import { deadAllows } from './dead-allows.ts';
import { identityWithoutMtls, trustDomainBlind } from './identity.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { createLintScene, type LintDeps, type LintScene, nameOfRule, placeOf } from './scene/lint-scene.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { selectsNothing } from './selects-nothing.ts';
import { servicePorts } from './service-ports.ts';
import { tenantEscapes } from './tenants.ts';
import { unknownCallers } from './unknown-callers.ts';
import { unusedHoles } from './unused-holes.ts';

type LintCheck = (scene: LintScene) => readonly LintFinding[];

const checks: readonly LintCheck[] = [
  deadAllows,
  unusedHoles,
  identityWithoutMtls,
  trustDomainBlind,
  absenceDependent,
  tenantEscapes,
  httpOnOtherPorts,
  selectsNothing,
  namedPortUnknown,
  defaultDenyGaps,
  unknownCallers,
  servicePorts,
];

/** All findings, in the order of their places. */
export function lint(deps: LintDeps): readonly LintFinding[] {
  const scene = createLintScene(deps);
  const key = ({ file, line, column, code, message }: LintFinding): string =>
    JSON.stringify([file, line, column, code, message]);
  const findings = checks.flatMap((check) => check(scene));
  const found = new Map([...findings, ...unfinished(scene)].map((finding) => [key(finding), finding]));
  const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...found.values()].toSorted(
    (a, b) =>
      text(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      text(a.code, b.code) ||
      text(a.message, b.message),
  );
}

const SHOWN = 3;

/** Names the rules about which not all was asked, and the findings that may be missing of them. */
const unfinished = ({ unasked }: LintScene): LintFinding[] =>
  [...unasked].map(([code, { rules, of }]) => {
    const [first] = rules as readonly [PlacedRule, ...PlacedRule[]]; // else it would not be there
    const shown = rules.slice(0, SHOWN).map((each) => `${nameOfRule(each)} (${placeOf(each.rule.position)})`);
    const more = rules.length > SHOWN ? ` and ${rules.length - SHOWN} more` : '';
    return {
      ...first.rule.position,
      severity: 'warning',
      code: 'lint-unfinished',
      path: '',
      message: `of ${rules.length} of the ${of} rules that ${code} is about not every request was asked, there are too many: ${shown.join(', ')}${more} may have more wrong than is told here`,
      fix: 'lint the policies of fewer namespaces at a time, or name callers in the rules',
      witness: null,
      owners: [],
    };
  });
