/**
 * Tiers walked for a connection between two pods: whether they let it pass for certain, and by which text of a request else.
 * @module
 */
import type { Destination } from '../../facts.ts';
import { no, yes } from '../../meaning/absence.ts';
import { applies, type SubjectContext } from '../../meaning/subject.ts';
import type { Expr, Policy, RuleStage, Stage } from '../../model.ts';
import { type Occasion, truthOf } from './truth.ts';

/** The policies of one tier that select a pod. */
export interface SelectedTier {
  /** In their order. Undefined: which of them apply is not known, or not all of them count. */
  readonly policies: readonly Policy[] | undefined;
  readonly onNoMatch: RuleStage['onNoMatch'];
}

/** What lets a connection pass: anything it may carry, or requests of which one of these conditions on texts holds; undefined: not for certain. */
export type LetThrough = 'all' | readonly Expr[] | undefined;

/** Selects what of tiers concerns a pod; tiers of which nothing does are left out. */
export function selectTiers(
  stages: readonly Stage[],
  pod: Destination,
  context: SubjectContext,
): readonly SelectedTier[] {
  return stages.flatMap((stage) => {
    if (stage.kind !== 'first-match')
      return stage.policies.length === 0 ? [] : [{ policies: undefined, onNoMatch: undefined }];
    const policies: Policy[] = [];
    let isPlain = true;
    for (const policy of policiesNear(stage, pod.namespace)) {
      const is = applies(policy.subject, pod, context);
      if (is === 'no') continue;
      // what a staged policy would do is told by Gatehouse
      isPlain &&= is === 'yes' && policy.mode === 'enforce';
      policies.push(policy);
    }
    if (policies.length === 0) return [];
    return [{ policies: isPlain ? policies : undefined, onNoMatch: stage.onNoMatch }];
  });
}

interface Near {
  readonly groups: ReadonlyMap<string | undefined, readonly Policy[]>;
  readonly byNamespace: Map<string, readonly Policy[]>;
}

const nearKnown = new WeakMap<RuleStage, Near>();

/** The policies of a stage that may select in a namespace, in their order; of thousands these are few. */
function policiesNear(stage: RuleStage, namespace: string): readonly Policy[] {
  const { policies } = stage;
  const known = nearKnown.get(stage) ?? {
    groups: Map.groupBy(policies, ({ subject }) => subject.namespace),
    byNamespace: new Map<string, readonly Policy[]>(),
  };
  nearKnown.set(stage, known);
  let near = known.byNamespace.get(namespace);
  if (near === undefined) {
    const everywhere = known.groups.get(undefined) ?? [];
    const own = known.groups.get(namespace) ?? [];
    near = everywhere.length === 0 ? own : own.length === 0 ? everywhere : inOrder(policies, [...everywhere, ...own]);
    known.byNamespace.set(namespace, near);
  }
  return near;
}

function inOrder(policies: readonly Policy[], some: readonly Policy[]): readonly Policy[] {
  const kept = new Set(some);
  return policies.filter((each) => kept.has(each));
}

/** Walks tiers as a decision does; where something may hold or not, only what is the same either way counts. */
export function letThrough(tiers: readonly SelectedTier[], occasion: Occasion): LetThrough {
  const when: Expr[] = [];
  const some = (): LetThrough => (when.length === 0 ? undefined : when);
  for (const { policies, onNoMatch } of tiers) {
    if (policies === undefined) return some();
    const end = throughTier(policies, occasion, when);
    if (end === 'allow') return 'all';
    if (end === 'stop') return some();
    if (end === 'pass' || onNoMatch === 'pass' || onNoMatch === undefined) continue;
    return onNoMatch === 'allow' ? 'all' : some();
  }
  return 'all';
}

/** @param when  is given the conditions on texts under which a rule lets requests pass */
function throughTier(policies: readonly Policy[], occasion: Occasion, when: Expr[]): 'allow' | 'stop' | 'pass' | 'end' {
  for (const { rules } of policies)
    for (const rule of rules) {
      const expr = occasion.protocol === 'http' ? rule.http : rule.tcp;
      if (rule.effect === 'log' || expr === undefined) continue;
      const truth = truthOf(expr, occasion);
      if (truth === no) continue;
      if (rule.effect !== 'allow') return truth === yes && rule.effect === 'pass' ? 'pass' : 'stop';
      if (truth === yes) return 'allow';
      const text = textsOf(expr, occasion);
      if (text !== undefined) when.push(text);
    }
  return 'end';
}

/** What of a condition is not known: of texts a tree may find it out. Undefined: it cannot hold. */
function textsOf(expr: Expr, occasion: Occasion): Expr | undefined {
  const of: Expr[] = [];
  for (const part of expr.op === 'all' ? expr.of : [expr]) {
    const truth = truthOf(part, occasion);
    if (truth === yes) continue;
    if (truth === no) return undefined;
    of.push(part);
  }
  return { op: 'all', of };
}
