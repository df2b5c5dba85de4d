/**
 * Files rules into a tree: by the input that tells most of them apart first, level after level.
 *
 * What was filed is remembered: of a group that has changed a little, what has not changed stays the same value. The same rules in the
 * same order come to the same tree, whatever was remembered.
 * @module
 */
import { chain, type Input, type Node, type Part } from '../tree/tree.ts';
import { changeBetween } from './change-between.ts';
import { cutBy, type FiledRule, hasBeside, isWhole, itemOf, wayAt } from './filed-rule.ts';
import { KeyCounts } from './key-counts.ts';

interface Group {
  readonly node: Node;
  /** What lies under the key, as it stands in the place itself. */
  readonly rules: readonly FiledRule[];
  /** Of groups that are worth it. */
  readonly filing: Filing | undefined;
}

interface Groups {
  readonly is: 'exact' | 'prefix';
  /** In the order of keys. */
  byKey: ReadonlyMap<string, Group>;
}

/** One in so many has changed: what has stayed is not worth while to look at. */
const MUCH = 4;
/** So few rules are looked up in the list of all. */
const FEW = 64;
/** Smaller groups are filed anew when one of their rules changes. */
const REMEMBERED = 32;

/**
 * So many maps stand below each other at most: what is left of the rules there is tried one by one. Each is five messages deep or a few
 * more, and of all messages together Envoy unpacks 100.
 */
const MOST_LEVELS = 10;

/** Files the rules of one place in a tree, again and again. Rules of one place all do the same, so their order does not matter. */
export class Filing {
  readonly #levels: number;
  #rules: readonly FiledRule[] = [];
  #counts = new KeyCounts();
  #input: Input | undefined;
  #groups: readonly Groups[] = noGroups();
  #others: Filing | undefined;
  #parts: readonly Part[] = [];

  /** @param levels  maps that may still stand below each other */
  constructor(levels = MOST_LEVELS) {
    this.#levels = levels;
  }

  file(rules: readonly FiledRule[]): readonly Part[] {
    const change =
      this.#rules.length === 0 && rules.length > 0 ? undefined : changeBetween(this.#rules, rules, rules.length / MUCH);
    if (change !== undefined && change.added.length + change.removed.length === 0) return this.#parts;
    const whole = rules.find(isWhole);
    this.#rules = rules;
    if (change === undefined) this.#counts = new KeyCounts();
    for (const rule of change?.removed ?? []) this.#counts.remove(rule);
    for (const rule of change?.added ?? rules) this.#counts.add(rule);
    const input = whole === undefined && this.#levels > 0 ? this.#counts.best() : undefined;
    const isKept = change !== undefined && input === this.#input;
    this.#input = input;
    if (input === undefined) {
      this.#groups = noGroups();
      this.#others = undefined;
      this.#parts = whole === undefined ? listed(rules) : [whole.action];
    } else this.#parts = this.#mapped(input, isKept ? [...change.removed, ...change.added] : undefined);
    return this.#parts;
  }

  /** @param changed  the rules that have come and gone; undefined: nothing is as it was */
  #mapped(input: Input, changed: readonly FiledRule[] | undefined): readonly Part[] {
    const touched = changed && touchedBy(changed, input);
    const near = touched && this.#near(touched, changed, input);
    const below = [new Map<string, FiledRule[]>(), new Map<string, FiledRule[]>()] as const;
    const others: FiledRule[] = [];
    for (const rule of near ?? this.#rules) {
      const way = wayAt(rule, input);
      if (way === undefined) {
        others.push(rule);
        continue;
      }
      const cut = cutBy(rule, way);
      for (const key of way.exact) if (touched?.exact.has(key) !== false) add(below[0], key, rule);
      for (const key of way.prefixes) if (touched?.prefix.has(key) !== false) add(below[1], key, rule);
      if (cut.beside !== undefined) others.push(cut.beside);
    }
    if (touched === undefined) this.#groups = noGroups();
    const parts: Part[] = [];
    for (const [i, groups] of this.#groups.entries()) {
      const kept = touched === undefined ? new Map<string, Group>() : new Map(groups.byKey);
      for (const key of touched?.[groups.is] ?? []) if (!below[i]!.has(key)) kept.delete(key);
      let isSorted = true;
      for (const [key, rules] of below[i]!) {
        isSorted &&= kept.has(key);
        kept.set(key, groupOf(rules, input, this.#levels - 1, kept.get(key)));
      }
      groups.byKey = isSorted ? kept : new Map([...kept.keys()].sort().map((key) => [key, kept.get(key)!])); // of its own keys
      if (kept.size > 0) parts.push({ is: groups.is, input, entries: nodesOf(groups.byKey) });
    }
    if (others.length === 0) {
      this.#others = undefined;
      return parts;
    }
    this.#others ??= new Filing(this.#levels);
    return [...parts, ...this.#others.file(others)];
  }

  /** The rules under the keys that are touched, in their order; undefined: all have to be looked at. */
  #near(touched: Touched, changed: readonly FiledRule[], input: Input): readonly FiledRule[] | undefined {
    if (this.#others !== undefined || changed.some((rule) => standsBeside(rule, input))) return undefined;
    const some = new Set(changed);
    for (const { is, byKey } of this.#groups)
      for (const key of touched[is]) {
        for (const rule of byKey.get(key)?.rules ?? []) some.add(rule);
        if (some.size > FEW) return undefined;
      }
    const places = [...some].map((rule) => this.#rules.indexOf(rule)).filter((place) => place >= 0);
    return places.sort((a, b) => a - b).map((place) => this.#rules[place]!);
  }
}

type Touched = Readonly<Record<Groups['is'], ReadonlySet<string>>>;

function standsBeside(rule: FiledRule, input: Input): boolean {
  const way = wayAt(rule, input);
  return way === undefined || hasBeside(way);
}

const noGroups = (): readonly Groups[] => [
  { is: 'exact', byKey: new Map() },
  { is: 'prefix', byKey: new Map() },
];

function touchedBy(changed: readonly FiledRule[], input: Input): Touched {
  const exact = new Set<string>();
  const prefix = new Set<string>();
  for (const rule of changed) {
    const way = wayAt(rule, input);
    for (const key of way?.exact ?? []) exact.add(key);
    for (const key of way?.prefixes ?? []) prefix.add(key);
  }
  return { exact, prefix };
}

function add(groups: Map<string, FiledRule[]>, key: string, rule: FiledRule): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [rule]);
  else if (group.at(-1) !== rule) group.push(rule);
}

function groupOf(rules: readonly FiledRule[], input: Input, levels: number, before: Group | undefined): Group {
  const filing = rules.length > REMEMBERED ? (before?.filing ?? new Filing(levels)) : undefined;
  const below = rules.map((rule) => cutBy(rule, wayAt(rule, input)!).below); // it is filed by that way
  const node = chain((filing ?? new Filing(levels)).file(below))!; // of at least one rule
  return { node, rules, filing };
}

function nodesOf(groups: ReadonlyMap<string, Group>): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>();
  for (const [key, { node }] of groups) nodes.set(key, node);
  return nodes;
}

/** Items in order. */
const listed = (rules: readonly FiledRule[]): readonly Part[] =>
  rules.length === 0 ? [] : [{ is: 'list', items: rules.map(itemOf) }];
