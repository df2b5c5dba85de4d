/**
 * Files rules into a tree: by the input that tells most of them apart first, level after level.
 * @module
 */

import { valuesHold } from './conditions.ts';
import type { TextValues } from './text-values.ts';
import { allOf } from './tree/predicates.ts';
import { type Action, chain, type Input, type Item, type Node, type Part, type Predicate } from './tree/tree.ts';

/** One alternative of a rule, to be filed. Immutable, and the same value for the same rule: what is known of it is kept by it. */
export interface FiledRule {
  readonly action: Action;
  readonly keys: readonly TextValues[];
  readonly rest: readonly Predicate[];
  /** How many values may still be written for it. */
  readonly budget: number;
}

/**
 * So many values are written for one alternative of a rule at most where it is filed under each of its keys; where they would be more it
 * is tested instead of looked up, for nothing in a tree can be shared.
 */
export const MOST_VALUES = 512;
/** A rule that asks no more than this besides its keys may have as many keys as it likes. */
const LITTLE = 2;

/** Groups that are not larger are tried one by one. */
const FEW = 2;

/** Files rules, whose order does not matter since all of them do the same. */
export function fileRules(rules: readonly FiledRule[]): readonly Part[] {
  const input = rules.length > FEW ? bestInput(rules) : undefined;
  return input === undefined ? listed(rules) : mapped(rules, input);
}

function mapped(rules: readonly FiledRule[], input: Input): readonly Part[] {
  const exact = new Map<string, FiledRule[]>();
  const prefix = new Map<string, FiledRule[]>();
  const others: FiledRule[] = [];
  for (const rule of rules) {
    const values = filedBy(rule, input);
    if (values === undefined) {
      others.push(rule);
      continue;
    }
    const { below, beside } = cutBy(rule, values);
    for (const key of values.exact) add(exact, key, below);
    for (const key of values.prefixes) add(prefix, key, below);
    if (beside !== undefined) others.push(beside);
  }
  const parts: Part[] = [];
  if (exact.size > 0) parts.push({ is: 'exact', input, entries: nodesOf(exact, `exact ${input}`) });
  if (prefix.size > 0) parts.push({ is: 'prefix', input, entries: nodesOf(prefix, `prefix ${input}`) });
  return others.length === 0 ? parts : [...parts, ...fileRules(others)];
}

function add(groups: Map<string, FiledRule[]>, key: string, rule: FiledRule): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [rule]);
  else if (group.at(-1) !== rule) group.push(rule);
}

function nodesOf(groups: ReadonlyMap<string, FiledRule[]>, where: string): ReadonlyMap<string, Node> {
  const keys = [...groups.keys()].sort();
  return new Map(keys.map((key) => [key, groupNode(groups.get(key)!, `${where} ${key}`)])); // of its own keys
}

interface KnownGroup {
  readonly rules: readonly FiledRule[];
  readonly node: Node;
}

/** What a group came to, by its first rule: after an edit nearly all groups are as they were. */
const knownGroups = new WeakMap<FiledRule, Map<string, KnownGroup>>();

function groupNode(rules: readonly FiledRule[], where: string): Node {
  const [first] = rules;
  let known = knownGroups.get(first!); // no group is empty
  if (known === undefined) {
    known = new Map();
    knownGroups.set(first!, known);
  }
  const last = known.get(where);
  if (last?.rules.length === rules.length && last.rules.every((rule, i) => rule === rules[i])) return last.node;
  const node = chain(fileRules(rules))!; // of at least one rule
  known.set(where, { rules, node });
  return node;
}

/** Items in order; a rule that asks nothing more ends the list. */
function listed(rules: readonly FiledRule[]): readonly Part[] {
  const whole = rules.find((rule) => rule.keys.length === 0 && rule.rest.length === 0);
  if (whole !== undefined) return [whole.action];
  return rules.length === 0 ? [] : [{ is: 'list', items: rules.map(itemOf) }];
}

const items = new WeakMap<FiledRule, Item>();

function itemOf(rule: FiledRule): Item {
  let item = items.get(rule);
  if (item === undefined) {
    const when = allOf([...rule.keys.map(valuesHold), ...rule.rest]) as Predicate; // something is asked
    item = { when, leadsTo: rule.action };
    items.set(rule, item);
  }
  return item;
}

/** The values by which a rule is filed at an input; undefined if there are none, or too much would stand under each. */
function filedBy(rule: FiledRule, input: Input): TextValues | undefined {
  const values = rule.keys.find((each) => each.input === input);
  if (values === undefined) return undefined;
  const below = rule.keys.reduce((sum, each) => (each === values ? sum : sum + countOf(each)), rule.rest.length);
  return below <= LITTLE || countOf(values) * below <= rule.budget ? values : undefined;
}

const countOf = ({ exact, prefixes, tests }: TextValues): number => exact.length + prefixes.length + tests.length;

/** What is left of a rule below its keys, and the rule as far as it asks for what can be no key. */
interface Cut {
  readonly below: FiledRule;
  readonly beside: FiledRule | undefined;
}

const cuts = new WeakMap<FiledRule, Map<Input, Cut>>();

function cutBy(rule: FiledRule, values: TextValues): Cut {
  let known = cuts.get(rule);
  if (known === undefined) {
    known = new Map();
    cuts.set(rule, known);
  }
  let cut = known.get(values.input);
  if (cut === undefined) {
    const count = values.exact.length + values.prefixes.length;
    const keys = rule.keys.filter((each) => each !== values);
    const { tests } = values;
    const rest = allOf([...rule.rest, valuesHold({ ...values, exact: [], prefixes: [] })]) as Predicate; // some tests
    cut = {
      below: { ...rule, keys, budget: Math.floor(rule.budget / count) },
      beside: tests.length === 0 ? undefined : { ...rule, keys, rest: rest.op === 'all' ? rest.of : [rest] },
    };
    known.set(values.input, cut);
  }
  return cut;
}

/**
 * The input that leaves the fewest rules to look at: those that are not filed by it, and those that lie under one key, on average over
 * the rules. Undefined if filing does not help.
 */
function bestInput(rules: readonly FiledRule[]): Input | undefined {
  const counts = new Map<Input, { readonly keys: Map<string, number>; filed: number }>();
  for (const rule of rules) {
    for (const values of rule.keys) {
      if (filedBy(rule, values.input) === undefined) continue;
      let count = counts.get(values.input);
      if (count === undefined) {
        count = { keys: new Map(), filed: 0 };
        counts.set(values.input, count);
      }
      count.filed++;
      for (const key of values.exact) count.keys.set(key, (count.keys.get(key) ?? 0) + 1);
      for (const key of values.prefixes) count.keys.set(`${key}*`, (count.keys.get(`${key}*`) ?? 0) + 1);
    }
  }
  let best: Input | undefined;
  let least = rules.length;
  for (const [input, { keys, filed }] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let sum = 0;
    let squares = 0;
    for (const count of keys.values()) {
      sum += count;
      squares += count * count;
    }
    const left = rules.length - filed + squares / sum;
    if (left < least) [best, least] = [input, left];
  }
  return best;
}
