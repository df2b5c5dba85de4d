/**
 * The order in which rules of one stage are tried, which decides only whose name a verdict bears (and, by tiers, the verdict).
 *
 * `first-match` tries them in the order of the documents; every other stage in the order of Envoy's own policy ids
 * (`ns[N]-policy[P]-rule[I]` compared as text, so that rule 10 stands before rule 2), because Envoy names the first that holds.
 * @module
 */

import { listEdit } from '../../lib/lists/list-edit.ts';
import { placesBetween, spacedNumbers } from '../../lib/lists/spaced-numbers.ts';
import { sortWork, type Work } from '../../lib/work.ts';
import { envoyId } from '../meaning/envoy-id.ts';
import type { Policy, Rule, RuleStage } from '../model.ts';

/** A rule with its policy and its place in the stage. */
export interface OrderedRule {
  /** Rises from rule to rule, with gaps. */
  readonly ordinal: number;
  readonly policy: Policy;
  readonly rule: Rule;
}

/** The policies and rules of a stage in their orders. Immutable; made from the order before, it keeps the numbers of what stayed. */
export interface StageOrder {
  readonly policies: readonly Policy[];
  /** By ordinal. */
  readonly rules: readonly OrderedRule[];
  /** The rules of a policy of this stage, by ordinal. */
  rulesOf(policy: Policy): readonly OrderedRule[];
  /** A number that rises with the policies' places in the stage, with gaps; only asked of the newest order. */
  placeOf(policy: Policy): number;
}

/** What became of an order. */
export interface OrderChange {
  readonly order: StageOrder;
  /** Undefined where everything was numbered anew. */
  readonly edit: { readonly gone: readonly Policy[]; readonly came: readonly Policy[] } | undefined;
}

/** A rule before it has its ordinal. */
interface Placed {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly place: number;
  /** Its position among the rules of its policy. */
  readonly at: number;
  /** Envoy's id; empty in `first-match`. */
  readonly id: string;
}

/** Numbers of policies and rules, of this order and those that it was made from; what left an order is asked for no more. */
interface Numbers {
  readonly placeOf: WeakMap<Policy, number>;
  readonly rulesOf: WeakMap<Policy, readonly OrderedRule[]>;
  readonly positionOf: WeakMap<Rule, number>;
}

const POLICIES_AT_ONCE = 128;
/** More new or lost policies than this, and a sixteenth of all, are numbered anew. */
const FEW = 16;

/** Orders a stage: by the order before if there was one and little has changed, else anew. */
export function* orderWork(stage: RuleStage, before: StageOrder | undefined): Work<OrderChange> {
  return (before && editedOrder(stage, before)) ?? { order: yield* newOrder(stage), edit: undefined };
}

const numbersOf = new WeakMap<StageOrder, Numbers>();

function createOrder(policies: readonly Policy[], rules: readonly OrderedRule[], numbers: Numbers): StageOrder {
  const order: StageOrder = {
    policies,
    rules,
    rulesOf: (policy) => numbers.rulesOf.get(policy) ?? [],
    placeOf: (policy) => numbers.placeOf.get(policy) ?? 0,
  };
  numbersOf.set(order, numbers);
  return order;
}

function* newOrder(stage: RuleStage): Work<StageOrder> {
  const numbers: Numbers = { placeOf: new WeakMap(), rulesOf: new WeakMap(), positionOf: new WeakMap() };
  const places = spacedNumbers(stage.policies.length)!; // far fewer than there are numbers
  const placed: Placed[] = [];
  for (const [i, policy] of stage.policies.entries()) {
    if (i % POLICIES_AT_ONCE === 0) yield;
    numbers.placeOf.set(policy, places[i]!);
    addPlaced(placed, stage, policy, places[i]!);
  }
  const sorted = stage.kind === 'first-match' ? placed : yield* sortWork(placed, byId);
  const ordinals = spacedNumbers(sorted.length)!;
  const rules = sorted.map(({ policy, rule }, i): OrderedRule => ({ ordinal: ordinals[i]!, policy, rule }));
  yield;
  for (const [policy, own] of Map.groupBy(rules, (each) => each.policy)) numbers.rulesOf.set(policy, own);
  for (const { rule, at } of placed) numbers.positionOf.set(rule, at);
  return createOrder(stage.policies, rules, numbers);
}

function addPlaced(into: Placed[], stage: RuleStage, policy: Policy, place: number): void {
  const hasId = stage.kind !== 'first-match';
  for (const [at, rule] of policy.rules.entries())
    into.push({ policy, rule, place, at, id: hasId ? envoyId(policy.ref, rule.index) : '' });
}

const byId = (a: Placed, b: Placed): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const byIdAndPlace = (a: Placed, b: Placed): number => byId(a, b) || a.place - b.place || a.at - b.at;

/** The order with what came and without what is gone; undefined if it must be made anew. */
function editedOrder(stage: RuleStage, before: StageOrder): OrderChange | undefined {
  const numbers = numbersOf.get(before)!; // every order has them
  const edit = listEdit(before.policies, stage.policies);
  const { gone, came } = edit;
  const many = Math.max(FEW, before.policies.length / 16);
  if (gone.length + came.size > many) return undefined;
  const places = placesBetween(stage.policies, edit, before.placeOf);
  if (places === undefined) return undefined;
  const placed: Placed[] = [];
  for (const policy of came) addPlaced(placed, stage, policy, places.get(policy)!);
  placed.sort(byIdAndPlace);
  const left = new Set(gone);
  const kept = left.size === 0 ? before.rules : before.rules.filter(({ policy }) => !left.has(policy));
  const rules = inserted(kept, placed, (each) => ({
    ...each,
    place: before.placeOf(each.policy),
    at: numbers.positionOf.get(each.rule) ?? 0,
    id: stage.kind === 'first-match' ? '' : envoyId(each.policy.ref, each.rule.index),
  }));
  if (rules === undefined) return undefined;
  for (const [policy, place] of places) numbers.placeOf.set(policy, place);
  for (const { rule, at } of placed) numbers.positionOf.set(rule, at);
  for (const policy of came) numbers.rulesOf.set(policy, []);
  for (const [policy, own] of Map.groupBy(rules.added, (each) => each.policy)) numbers.rulesOf.set(policy, own);
  return { order: createOrder(stage.policies, rules.all, numbers), edit: { gone, came: [...came] } };
}

/** Sorted rules with others put where they belong; undefined if there is no room between two. */
function inserted(
  kept: readonly OrderedRule[],
  placed: readonly Placed[],
  placeOf: (rule: OrderedRule) => Placed,
): { readonly all: readonly OrderedRule[]; readonly added: readonly OrderedRule[] } | undefined {
  const all: OrderedRule[] = [];
  const added: OrderedRule[] = [];
  let at = 0;
  for (let i = 0; i < placed.length; ) {
    const position = positionFor(placed[i]!, kept, placeOf);
    let end = i + 1;
    while (end < placed.length && positionFor(placed[end]!, kept, placeOf) === position) end++;
    const ordinals = spacedNumbers(end - i, kept[position - 1]?.ordinal, kept[position]?.ordinal);
    if (ordinals === undefined) return undefined;
    for (; at < position; at++) all.push(kept[at]!);
    for (let k = 0; i < end; i++, k++) {
      const { policy, rule } = placed[i]!;
      const fresh = { ordinal: ordinals[k]!, policy, rule };
      all.push(fresh);
      added.push(fresh);
    }
  }
  for (; at < kept.length; at++) all.push(kept[at]!);
  return { all, added };
}

/** How many of the sorted rules stand before one that comes. */
function positionFor(one: Placed, kept: readonly OrderedRule[], placeOf: (rule: OrderedRule) => Placed): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byIdAndPlace(placeOf(kept[middle]!), one) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
