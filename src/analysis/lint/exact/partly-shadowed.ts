/**
 * Parts of rules that decide nothing, for every caller and workload that there may be, and what others take of rules.
 * @module
 */
import { withOthers } from '../../../policy/documents/other-rule.ts';
import type { LintFinding } from '../scene/lint-finding.ts';
import { type LintScene, nameOfRule, placeOf } from '../scene/lint-scene.ts';
import { otherOf, type PlacedRule, placeInDocument } from '../scene/placed-rule.ts';
import { shownToday } from '../scene/shown-today.ts';
import { wordsOf } from '../scene/words.ts';
import { type FoundParts, findParts, type Overlap, type ShadowedPart } from './find-partly.ts';
import type { Standing, StandingRule } from './standing-rules.ts';

/** One finding a rule, and the rules of which nothing can be said. @param idle  rules that decide nothing at all */
export function partlyShadowed(
  scene: LintScene,
  idle: ReadonlySet<string>,
  standing: Standing,
): { readonly findings: readonly LintFinding[] } & Omit<FoundParts, 'parts' | 'overlaps'> {
  const { planes, absence } = scene.deps.model;
  const { parts, overlaps, ...rest } = findParts(
    planes,
    absence,
    {
      isIdle: (one) => idle.has(placeInDocument(one)),
      isOfOne: (a, b) => authorOf(a, b, scene) === authorOf(b, a, scene),
    },
    undefined,
    standing,
  );
  const byRule = Map.groupBy(parts, ({ one }) => placeInDocument(one));
  return {
    findings: [
      ...[...byRule.values()].map((own) => partsFinding(own, scene)),
      ...overlaps.flatMap((each) => overlapFinding(each, scene) ?? []),
    ],
    ...rest,
  };
}

/** Owners if both are known; else who writes in one namespace, or policies of all in one tier. */
function authorOf(one: PlacedRule, other: PlacedRule, scene: LintScene): string {
  const [own, its] = [one, other].map(({ policy }) => scene.deps.ownerOf(policy));
  if (own !== undefined && its !== undefined) return `owner ${own}`;
  const { namespace } = one.policy.ref;
  if (namespace !== '') return `namespace ${namespace}`;
  return `stage ${one.stage.name}`;
}

const SHOWN = 3;

const listed = (words: readonly string[]): string =>
  [...words.slice(0, SHOWN), ...(words.length > SHOWN ? [`${words.length - SHOWN} more`] : [])].join(', ');

const namesOf = (rules: readonly StandingRule[]): string[] =>
  rules.map((each) => `${nameOfRule(each)} (${placeOf(each.rule.position)})`);

function partsFinding(own: readonly ShadowedPart[], scene: LintScene): LintFinding {
  const [{ one }] = own as readonly [ShadowedPart, ...ShadowedPart[]]; // a group has one at least
  const by = [...new Set(own.flatMap(({ idle }) => idle.by))];
  const ends = [...new Set(own.flatMap(({ idle }) => idle.ends))].map((name) => `the end of tier ${name}`);
  const texts = own.map(({ part }) => part.text).map((text) => `“${text}”`);
  const decide = own.length === 1 ? 'never decides' : 'never decide';
  const shown = own.map(({ part, idle }) => shownToday({ ...one, ...part }, idle.by.slice(0, 1), scene));
  const replay = shown.find((each) => each !== undefined);
  return {
    ...one.rule.position,
    severity: 'warning',
    code: 'rule-partly-shadowed',
    path: '',
    message: `${listed(texts)} in ${nameOfRule(one)} ${decide}: all such requests are decided before, otherwise than it says, by ${listed([...namesOf(by), ...ends])}`,
    fix: 'take it out of the rule, or put the rule before what decides its requests',
    ...withOthers(by.map(otherOf)),
    witness: replay === undefined ? null : scene.witness(replay),
    owners: scene.owners(one.policy, ...by.map(({ policy }) => policy)),
  };
}

/** Only what happens between pods of today is told. */
function overlapFinding({ one, by }: Overlap, scene: LintScene): LintFinding | undefined {
  const shown = by.flatMap((other) => {
    const replay = shownToday(one, [other], scene);
    return replay === undefined ? [] : [{ other, replay }];
  });
  const [first] = shown;
  if (first === undefined) return undefined;
  const others = shown.map(({ other }) => other);
  return {
    ...one.rule.position,
    severity: 'hint',
    code: 'rule-partly-shadowed',
    path: '',
    message: `${nameOfRule(one)} does not decide all that it says: “${wordsOf(first.other.rule.http)}” is decided before, otherwise, by ${listed(namesOf(others))}`,
    fix: 'if that is not meant, say so to whoever wrote it, or leave it out of this rule',
    ...withOthers(others.map(otherOf)),
    witness: scene.witness(first.replay),
    owners: scene.owners(one.policy, ...others.map(({ policy }) => policy)),
  };
}
