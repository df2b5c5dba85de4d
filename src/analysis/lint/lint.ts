/**
 * `policy lint`: what is wrong between policies, each with a request that shows it.
 *
 * Most checks try what the policies themselves name over the pods of the registry, and tell what the replay showed. What rules do to
 * each other is worked out for all requests and all pods to come (`exact/`).
 * @module
 */
import { absenceDependent } from './absence.ts';
import { defaultDenyGaps, httpOnOtherPorts, namedPortUnknown } from './coverage.ts';
import { deadAllows } from './dead-allows.ts';
import { idleRules } from './exact/idle-rules.ts';
import { orderTies } from './exact/order-ties.ts';
import { partlyShadowed } from './exact/partly-shadowed.ts';
import { createStanding } from './exact/standing-rules.ts';
import { identityWithoutMtls, trustDomainBlind } from './identity.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { createLintScene, type LintDeps, type LintScene } from './scene/lint-scene.ts';
import type { LintCode, PlacedRule } from './scene/placed-rule.ts';
import { selectsNothing } from './selects-nothing.ts';
import { servicePorts } from './service-ports.ts';
import { tenantEscapes } from './tenants.ts';
import { unfinished } from './unfinished.ts';
import { unknownCallers } from './unknown-callers.ts';
import { unmetRules } from './unmet/unmet-rules.ts';
import { unsaidByProxy } from './unsaid-by-proxy.ts';
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
  unsaidByProxy,
];

/** Rules of which it cannot be said, of so many. */
interface Unanswered {
  readonly unanswered: readonly PlacedRule[];
  readonly of: number;
}

/** All findings, in the order of their places. */
export function lint(deps: LintDeps): readonly LintFinding[] {
  const scene = createLintScene(deps);
  const key = ({ file, line, column, code, message }: LintFinding): string =>
    JSON.stringify([file, line, column, code, message]);
  const findings = checks.flatMap((check) => check(scene));
  const standing = createStanding(deps.model.planes);
  const idle = idleRules(scene, standing);
  const partly = partlyShadowed(scene, idle.places, standing);
  const ties = orderTies(scene, standing);
  const told = [...findings, ...idle.findings, ...partly.findings, ...ties.findings];
  const unmet = unmetRules(scene, told);
  const short: readonly (readonly [LintCode, Unanswered])[] = [
    ['rule-shadowed', idle],
    ['rule-partly-shadowed', partly],
    ['order-tie', ties],
    ['rule-never-holds', unmet],
  ];
  const unasked = [
    ...[...scene.unasked].map(([code, left]) => unfinished(code, left)),
    ...short.flatMap(([code, { unanswered: rules, of }]) =>
      rules.length > 0 ? [unfinished(code, { rules, of })] : [],
    ),
  ];
  const found = new Map([...told, ...unmet.findings, ...unasked].map((finding) => [key(finding), finding]));
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
