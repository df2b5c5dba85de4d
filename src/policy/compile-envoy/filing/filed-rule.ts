/**
 * One alternative of a rule, and the ways in which it can be filed: by the values of one input, or of method and path together.
 * @module
 */
import { valuesHold } from '../conditions.ts';
import type { TextValues } from '../text-values.ts';
import { allOf } from '../tree/predicates.ts';
import { type Action, type Input, type Item, type Predicate, REQUEST, requestText } from '../tree/tree.ts';

/** One alternative of a rule, to be filed. The same value for the same rule: what is known of it is kept by it. */
export interface FiledRule {
  readonly action: Action;
  readonly keys: readonly TextValues[];
  readonly rest: readonly Predicate[];
  /** How many values may still be written for it. */
  readonly budget: number;
  readonly ways: readonly Way[];
  readonly known: Known;
}

/** The values by which a rule can be filed at an input. */
export interface Way {
  readonly input: Input;
  readonly exact: readonly string[];
  readonly prefixes: readonly string[];
  /** Whose values they are: nothing asks for these below. */
  readonly of: readonly TextValues[];
}

/** What is left of a rule that is filed by one of its ways. */
interface Cut {
  /** Below its keys. */
  readonly below: FiledRule;
  /** The rule as far as it asks for what can be no key. */
  readonly beside: FiledRule | undefined;
}

/** Filled as it is asked for. */
interface Known {
  item: Item | undefined;
  way: Way | undefined;
  cut: Cut | undefined;
}

/**
 * So many values are written for one alternative of a rule at most where it is filed under each of its keys; where they would be more it
 * is tested instead of looked up, for nothing in a tree can be shared.
 */
const MOST_VALUES = 512;
/** A rule that asks no more than this besides its keys may have as many keys as it likes. */
const LITTLE = 2;

/** Makes one of what a rule asks. */
export function filedRule(action: Action, keys: readonly TextValues[], rest: readonly Predicate[]): FiledRule {
  return made({ action, keys, rest, budget: MOST_VALUES }, waysOf(keys));
}

const made = ({ action, keys, rest, budget }: Omit<FiledRule, 'ways' | 'known'>, ways: readonly Way[]): FiledRule => ({
  ...{ action, keys, rest, budget, ways },
  known: { item: undefined, way: undefined, cut: undefined },
});

function waysOf(keys: readonly TextValues[]): readonly Way[] {
  const ways = keys.map((values): Way => ({ ...only(values), of: [values] }));
  const both = requestWay(keys);
  return both === undefined ? ways : [...ways, both];
}

const only = ({ input, exact, prefixes }: TextValues) => ({ input, exact, prefixes });

/** Method and path as one text: each map has an input of its own, which is longer than most keys. */
function requestWay(keys: readonly TextValues[]): Way | undefined {
  const method = keys.find(({ input }) => input === 'header::method');
  const path = keys.find(({ input }) => input === 'path');
  if (method === undefined || path === undefined || method.prefixes.length + method.tests.length > 0) return undefined;
  if (countOf(method) * countOf(path) > MOST_VALUES) return undefined;
  const joined = (texts: readonly string[]): readonly string[] =>
    method.exact.flatMap((name) => texts.map((text) => requestText(name, text)));
  return { input: REQUEST, exact: joined(path.exact), prefixes: joined(path.prefixes), of: [method, path] };
}

/** The way to file a rule at an input; undefined if it has no values there, or too much would stand under each. */
export function wayAt(rule: FiledRule, input: Input): Way | undefined {
  if (rule.known.way?.input === input) return rule.known.way;
  for (const way of rule.ways) if (way.input === input) return isFit(rule, way) ? way : undefined;
  return undefined;
}

/** Whether not too much would stand under each value. */
export function isFit({ keys, rest, budget }: FiledRule, { exact, prefixes, of }: Way): boolean {
  const count = exact.length + prefixes.length;
  if (count === 0) return false;
  let below = rest.length;
  for (const each of keys) if (!of.includes(each)) below += countOf(each);
  return below <= LITTLE || (count + testsOf(of)) * below <= budget;
}

const testsOf = (of: readonly TextValues[]): number => of.reduce((sum, { tests }) => sum + tests.length, 0);

/** Whether some of it is no key, and is asked for beside. */
export const hasBeside = ({ of }: Way): boolean => testsOf(of) > 0;

/** What is left of a rule that is filed by that way. */
export function cutBy(rule: FiledRule, way: Way): Cut {
  const { known } = rule;
  if (known.way === way && known.cut !== undefined) return known.cut;
  const keys = rule.keys.filter((each) => !way.of.includes(each));
  const budget = Math.floor(rule.budget / (way.exact.length + way.prefixes.length));
  const below = made({ ...rule, keys, budget }, keys.length === 0 ? [] : without(rule.ways, way.of));
  const tested = way.of.find(({ tests }) => tests.length > 0);
  known.way = way;
  known.cut = { below, beside: tested && besideOf(rule, tested) };
  return known.cut;
}

const without = (ways: readonly Way[], of: readonly TextValues[]): readonly Way[] =>
  ways.filter((each) => !each.of.some((values) => of.includes(values)));

function besideOf(rule: FiledRule, values: TextValues): FiledRule {
  const keys = rule.keys.filter((each) => each !== values);
  const rest = allOf([...rule.rest, valuesHold({ ...values, exact: [], prefixes: [] })]) as Predicate; // some tests
  return made({ ...rule, keys, rest: rest.op === 'all' ? rest.of : [rest] }, without(rule.ways, [values]));
}

const countOf = ({ exact, prefixes, tests }: TextValues): number => exact.length + prefixes.length + tests.length;

/** Nothing is left to ask. */
export const isWhole = ({ keys, rest }: FiledRule): boolean => keys.length === 0 && rest.length === 0;

/** How many lookups say all below a way that can be a key, as far as that is one or none; else `more`. */
export function lookupsBelow({ keys, rest, ways }: FiledRule, { of }: Way): 0 | 1 | 'more' {
  const left = keys.length - of.length;
  if (left === 0) return rest.length === 0 ? 0 : 1;
  return left === 1 || ways.some((way) => way.of.length === left && !way.of.some((each) => of.includes(each)))
    ? 1
    : 'more';
}

/** The item of a list that asks all that is left. */
export function itemOf(rule: FiledRule): Item {
  const { known, keys, rest, action } = rule;
  const when = (): Predicate => allOf([...keys.map(valuesHold), ...rest]) as Predicate; // something is asked
  known.item ??= { when: when(), leadsTo: action };
  return known.item;
}
