/**
 * Goes through the rules and finds those, and the alternatives in them, that no workload of the registry meets.
 * @module
 */
import { contradictionIn } from '../../../policy/meaning/contradiction.ts';
import type { Absence, Expr } from '../../../policy/model.ts';
import type { LintScene } from '../scene/lint-scene.ts';
import { type PlacedRule, placeInDocument } from '../scene/placed-rule.ts';
import { workloadsOf } from '../scene/workloads.ts';
import { type Alternative, alternativesOf } from './alternatives.ts';
import type { FindUnmet, Unmet } from './unmet.ts';
import { createUnmetLabels } from './unmet-labels.ts';
import { unmetNames } from './unmet-names.ts';
import { createUnmetPorts } from './unmet-ports.ts';

/** A rule of which nobody meets an alternative at least. */
export interface UnmetRule {
  readonly placed: PlacedRule;
  /** Nobody meets any. */
  readonly isWhole: boolean;
  /** One at least. */
  readonly parts: readonly (Unmet & { readonly alternative: Alternative })[];
}

/** What was found, and the rules of which it cannot be said. */
export interface FoundUnmet {
  readonly unmet: readonly UnmetRule[];
  readonly unanswered: readonly PlacedRule[];
  /** How many rules were asked about. */
  readonly of: number;
}

/** Each rule of a document once; of one that stands in several planes only if each says it. Of a policy that selects nobody none. */
export function findUnmet(scene: LintScene): FoundUnmet {
  const workloads = workloadsOf(scene.deps.model);
  if (workloads.all.length === 0) return { unmet: [], unanswered: [], of: 0 };
  const finds = [createUnmetLabels(scene, workloads), unmetNames, createUnmetPorts(scene)];
  const rules = scene.rules.filter(isAsked);
  const unmet: UnmetRule[] = [];
  const unanswered: PlacedRule[] = [];
  for (const places of Map.groupBy(rules, placeInDocument).values()) {
    const [placed] = places as [PlacedRule, ...PlacedRule[]]; // groups have members
    if (scene.workloadsSelectedBy(placed.policy.subject).length === 0) continue;
    const each = places.map((one) => unmetIn(one, finds, scene.deps.model.absence));
    const [first] = each;
    if (each.includes('too-many')) unanswered.push(placed);
    else if (typeof first === 'object' && !each.includes(undefined)) unmet.push(first);
  }
  return { unmet, unanswered, of: rules.length };
}

/** What documents alone tell is told by `policy check`. */
function isAsked({ plane, stage, policy, rule }: PlacedRule): boolean {
  if (plane === 'site' || rule.isDefault === true || rule.effect === 'log') return false;
  const { selector } = policy.subject;
  const end = stage.direction === 'egress' ? 'source' : 'destination';
  return contradictionIn(rule.http, selector && { end, selector }) === undefined;
}

const ofInterest = (atom: Expr): boolean =>
  atom.op === 'endpoint' || atom.op === 'port' || (atom.op === 'text' && atom.fact.of === 'peerName');

/** All alternatives, or some by what they say of a caller: that a list names a port more is no mistake. */
function unmetIn(
  placed: PlacedRule,
  finds: readonly FindUnmet[],
  absence: Absence,
): UnmetRule | 'too-many' | undefined {
  const alternatives = alternativesOf(placed.rule.http, ofInterest);
  if (alternatives === undefined) return 'too-many';
  const found = alternatives.map((alternative) => {
    for (const find of finds) {
      const unmet = find(placed, alternative, absence);
      if (unmet !== undefined) return { ...unmet, alternative };
    }
    return undefined;
  });
  const isWhole = !found.includes(undefined);
  const parts = found.filter((one) => one !== undefined).filter(({ by }) => isWhole || by !== 'ports');
  return parts.length === 0 ? undefined : { placed, isWhole, parts };
}
