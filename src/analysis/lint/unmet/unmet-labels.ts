/**
 * Callers and destinations whose labels no workload of the registry has.
 * @module
 */
import { type LabelExpr, labelsMatch } from '../../../policy/meaning/labels.ts';
import type { Subject } from '../../../policy/model.ts';
import { createLabelIndex } from '../../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry, isServiceKey } from '../../../policy/registry/registry.ts';
import { labelWords } from '../../label-words.ts';
import { createLabelSlips } from '../scene/label-slips.ts';
import type { LintScene } from '../scene/lint-scene.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import { isPlatform, type Workloads } from '../scene/workloads.ts';
import type { Alternative } from './alternatives.ts';
import type { FindUnmet, Unmet } from './unmet.ts';

/**
 * Looks for the labels that an end must have. Silent where the registry has no workload in the namespaces that are meant, where only
 * installers put any, and where a Service or an account is named, of which others tell.
 */
export function createUnmetLabels(scene: LintScene, workloads: Workloads): FindUnmet {
  const { model } = scene.deps;
  const registry = model.registry ?? emptyRegistry;
  const index = createLabelIndex(registry);
  const sets = registry.networkSets.map((set) => index.ofNetworkSet(set));
  const slips = createLabelSlips(workloads.all);
  const isHopless = (model.hops ?? []).length === 0; // behind a hop others may be meant than who has the address
  const first = [...Map.groupBy(workloads.all, ({ namespace }) => namespace).values()].map((those) => those[0]!); // groups have members
  const placesOf = (selector: LabelExpr, only: string | undefined): ReadonlySet<string> => {
    const place = placeIn(selector);
    const isThere = (one: Endpoint): boolean => labelsMatch(place, index.ofEndpoint(one));
    const near = first.filter((one) => (only === undefined || one.namespace === only) && isThere(one));
    return new Set(near.map(({ namespace }) => namespace));
  };
  const look = (base: Subject, own: LabelExpr, isOwn: boolean): Unmet | undefined => {
    const subject = within(base, own);
    if (scene.workloadsSelectedBy(subject).length > 0 || workloads.hostsSelectedBy(subject).length > 0)
      return undefined;
    if (!isOwn && sets.some((labels) => labelsMatch(own, labels))) return undefined;
    const there = placesOf(own, base.namespace);
    if ([...there].every(isPlatform)) return undefined;
    const slip = slips.of(own, there);
    return {
      by: 'labels',
      isMistake: slip !== undefined,
      why: `none has ${labelWords(own)}`,
      fix: slip === undefined ? 'correct the labels, or remove what means nobody' : `did you mean ${slip}?`,
    };
  };
  const known = new Map<string, Unmet | undefined>();
  const ofEnd = (placed: PlacedRule, alternative: Alternative, end: 'source' | 'destination'): Unmet | undefined => {
    const own = askedOf(alternative, end);
    if (own === undefined || keysIn(own).some(isToldElsewhere)) return undefined;
    const isOwn = end === (placed.stage.direction === 'egress' ? 'source' : 'destination');
    const base = isOwn ? placed.policy.subject : anywhere;
    const key = JSON.stringify([base, own]);
    if (!known.has(key)) known.set(key, look(base, own, isOwn));
    return known.get(key);
  };
  return (placed, alternative) =>
    isHopless ? (ofEnd(placed, alternative, 'source') ?? ofEnd(placed, alternative, 'destination')) : undefined;
}

const anywhere: Subject = { namespace: undefined, labels: [] };

const within = (base: Subject, selector: LabelExpr): Subject => ({
  ...base,
  selector: base.selector === undefined ? selector : { op: 'all', of: [base.selector, selector] },
});

/** All that is asked of an end's labels; undefined if it need not have any. */
function askedOf(alternative: Alternative, end: 'source' | 'destination'): LabelExpr | undefined {
  const wanted = alternative.flatMap((one) => (one.op === 'endpoint' && one.end === end ? [one.selector] : []));
  if (wanted.length === 0) return undefined;
  const excluded = alternative.flatMap((one) =>
    one.op === 'not' && one.of.op === 'endpoint' && one.of.end === end ? [negated(one.of.selector)] : [],
  );
  const of = [...wanted, ...excluded];
  // What has no labels is no workload: a selector that it meets means more than those.
  return labelsMatch({ op: 'all', of }, new Map()) ? undefined : { op: 'all', of };
}

const negated = (expr: LabelExpr): LabelExpr => (expr.op === 'not' ? expr.of : { op: 'not', of: expr });

const isPlaceKey = (key: string): boolean => /^(projectcalico\.org\/(namespace|orchestrator)$|pcns\.)/.test(key);
const isToldElsewhere = (key: string): boolean =>
  isServiceKey(key) || /^(projectcalico\.org\/serviceaccount$|pcsa\.)/.test(key);

/** What a selector asks of the namespace alone. */
function placeIn(expr: LabelExpr): LabelExpr {
  if (expr.op === 'all') return { op: 'all', of: expr.of.map(placeIn) };
  return keysIn(expr).every(isPlaceKey) ? expr : { op: 'all', of: [] };
}

function keysIn(expr: LabelExpr): readonly string[] {
  if ('key' in expr) return [expr.key];
  return expr.op === 'not' ? keysIn(expr.of) : expr.of.flatMap(keysIn);
}
