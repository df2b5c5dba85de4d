/**
 * Rules that decide nothing, for every caller and workload that there may be: shadowed, redundant, or met by no request.
 * @module
 */
import { withOthers } from '../../../policy/documents/other-rule.ts';
import type { LintFinding } from '../scene/lint-finding.ts';
import { effectIn, formOf, type LintScene, nameOfRule, placeOf } from '../scene/lint-scene.ts';
import { otherOf, type PlacedRule, placeInDocument } from '../scene/placed-rule.ts';
import { requestsFor } from '../scene/requests.ts';
import type { Idle } from './decided-before.ts';
import { type FoundIdle, findIdle, type IdleRule } from './find-idle.ts';
import type { Standing } from './standing-rules.ts';

/** One finding a rule, and the rules of which nothing can be said. */
export function idleRules(
  scene: LintScene,
  standing: Standing,
): { readonly findings: readonly LintFinding[]; readonly places: ReadonlySet<string> } & Omit<FoundIdle, 'idle'> {
  const { planes, absence } = scene.deps.model;
  const { idle, ...rest } = findIdle(planes, absence, undefined, standing);
  const removable = idle.filter(({ one }) => one.rule.isDefault !== true);
  const places = new Set(idle.map(({ one }) => placeInDocument(one)));
  return { findings: removable.map((each) => findingOf(each, scene)), places, ...rest };
}

const SHOWN = 3;

function findingOf({ one, idle }: IdleRule, scene: LintScene): LintFinding {
  const { by, ends } = idle;
  const shown = by.slice(0, SHOWN).map((each) => `${nameOfRule(each)} (${placeOf(each.rule.position)})`);
  const more = by.length > SHOWN ? [`${by.length - SHOWN} more`] : [];
  const names = [...shown, ...more, ...ends.map((name) => `the end of tier ${name}`)].join(', ');
  return {
    ...one.rule.position,
    path: '',
    ...wordsOf(one, idle, names),
    ...withOthers(by.map(otherOf)),
    witness: idle.differs ? shownBy(one, scene) : null,
    owners: scene.owners(one.policy, ...by.map(({ policy }) => policy)),
  };
}

type Words = Pick<LintFinding, 'code' | 'severity' | 'message' | 'fix'>;

function wordsOf(one: PlacedRule, { why, differs }: Idle, names: string): Words {
  const name = nameOfRule(one);
  if (why === 'never')
    return {
      code: 'rule-never-holds',
      severity: 'warning',
      message: `${name} asks what no request of any caller has together: it decides nothing`,
      fix: 'correct what it asks, or remove it',
    };
  if (differs)
    return {
      code: 'rule-shadowed',
      severity: 'warning',
      message: `${name} never decides: all its requests are decided before, otherwise than it says, by ${names}`,
      fix: 'put it before them, ask less in them, or remove it',
    };
  const message =
    why === 'before'
      ? `${name} never decides: all its requests are decided before, as it says, by ${names}`
      : `${name} adds nothing: what it says of all its requests is said by ${names}`;
  return { code: 'rule-redundant', severity: 'hint', message, fix: 'remove it, or narrow what makes it void' };
}

/** A request that the rule is about and that others decide, if one comes to hand. */
function shownBy({ plane, policy, rule }: PlacedRule, scene: LintScene): LintFinding['witness'] {
  const [request = {}] = requestsFor(rule.http);
  const [to] = scene.someOf(policy);
  if (to === undefined) return null;
  for (const from of scene.besides(to, scene.callersOf(rule.http)).slice(0, 1)) {
    const replay = scene.show(formOf(from, to, { port: scene.ports[0] ?? 8080, ...request }));
    const effect = effectIn(replay, plane);
    if (effect !== undefined && effect !== rule.effect) return scene.witness(replay);
  }
  return null;
}
