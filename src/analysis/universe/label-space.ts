/**
 * What pods may be: labels and a service account as variables, and the sets of pods that selectors take as regions.
 * @module
 */

import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { TextPattern } from '../../policy/model.ts';
import { type Automaton, DEAD, explored, stepOf } from '../regions/automaton.ts';
import { BoundMet } from '../regions/bound.ts';
import { createDescriber } from '../regions/describe.ts';
import { ALL, Diagrams, NONE, type Region } from '../regions/diagrams.ts';
import { EMPTY } from '../regions/domain.ts';
import { type LanguageDomain, languageDomain } from '../regions/languages.ts';
import { anyOf, type ByteRange, type Item, literal } from '../regions/pattern-automaton.ts';
import { sampleText } from '../regions/sample.ts';
import { type KindOfPods, kindText, labelText, namesText } from './kind-text.ts';

type Leaf = Extract<LabelExpr, { readonly key: string }>;

/** A pod of a region: what is not named does not matter. */
export interface SampledPod {
  readonly labels: readonly (readonly [key: string, value: string])[];
  readonly account: string | undefined;
  readonly accountLabels: readonly (readonly [key: string, value: string])[];
}

/** Sets of pods of one namespace. */
export interface LabelSpace {
  readonly diagrams: Diagrams;
  /** The pods whose label passes a test; a label under `pcsa.` is one of their service account. */
  label(key: string, leaf: Leaf): Region;
  /** The pods whose service account's name passes a test. */
  accountWhere(leaf: Leaf): Region;
  accountNamed(name: string): Region;
  /** The pods of some accounts. */
  account(set: number): Region;
  /** The accounts whose principal a pattern matches: what follows a beginning. */
  accountsMatching(pattern: TextPattern, beginning: string): number;
  /** Puts a selector together of its leaves. */
  fold(expr: LabelExpr, leafRegion: (leaf: Leaf) => Region): Region;
  /** Pods, of some or of all, that are alike to all questions, one region each. @throws BoundMet */
  kindsBy(questions: Iterable<Region>, most: number, what: string, among?: Region): readonly Region[];
  /** The pods of a kind in words. */
  textsOf(kind: Region): KindOfPods;
  /** `wanted`: names of accounts that are taken where they may be. */
  sampleOf(kind: Region, wanted?: readonly string[]): SampledPod;
}

const alnum: readonly ByteRange[] = [
  [48, 57],
  [65, 90],
  [97, 122],
];
const lowerAlnum: readonly ByteRange[] = [
  [48, 57],
  [97, 122],
];
const inName: readonly ByteRange[] = [[45, 46], ...lowerAlnum];
const inValue: readonly ByteRange[] = [[45, 46], ...alnum, [95, 95]];
const any = anyOf();

const wordsOf = (ends: readonly ByteRange[], within: readonly ByteRange[]): readonly (readonly Item[])[] => [
  [{ bytes: ends }],
  [{ bytes: ends }, anyOf(within), { bytes: ends }],
];

/** Patterns are alike in every namespace. */
const automata = new WeakMap<TextPattern, Automaton>();

function automatonOf(pattern: TextPattern): Automaton {
  const known = automata.get(pattern);
  if (known !== undefined) return known;
  const texts = languageDomain({ universe: [[any]] });
  const made = texts.automatonOf(texts.ofPatterns([pattern]));
  automata.set(pattern, made);
  return made;
}

/** Label values: the empty text where there is no label, else `=` and the value. */
const labelUniverse: readonly (readonly Item[])[] = [
  [],
  literal('='),
  ...wordsOf(alnum, inValue).map((run) => [...literal('='), ...run]),
];

/** Creates the space. */
export function createLabelSpace(): LabelSpace {
  const diagrams = new Diagrams();
  const accounts = languageDomain({ universe: wordsOf(lowerAlnum, inName) });
  const accountVariable = diagrams.addVariable(accounts);
  const values = languageDomain({ universe: labelUniverse });
  const [describeAccounts, describeValues] = [createDescriber(accounts), createDescriber(values)];
  const keys = new Map<string, number>();
  const known = new WeakMap<Leaf, number>();
  const account = (set: number): Region => diagrams.where(accountVariable, set);
  const variableOf = (key: string): number => {
    const variable = keys.get(key) ?? diagrams.addVariable(values);
    keys.set(key, variable);
    return variable;
  };
  const fold: LabelSpace['fold'] = (expr, leafRegion) => {
    if ('key' in expr) return leafRegion(expr);
    if (expr.op === 'not') return diagrams.not(fold(expr.of, leafRegion));
    const parts = expr.of.map((part) => fold(part, leafRegion));
    return expr.op === 'all'
      ? parts.reduce((a, b) => diagrams.and(a, b), ALL)
      : parts.reduce((a, b) => diagrams.or(a, b), NONE);
  };
  return {
    ...{ diagrams, account, fold },
    label(key, leaf) {
      const passing = known.get(leaf) ?? testOf(values, leaf, literal('='));
      known.set(leaf, passing);
      return diagrams.where(variableOf(key), passing);
    },
    accountWhere: (leaf) => account(testOf(accounts, leaf, [])),
    accountNamed: (name) => account(accounts.ofItems([literal(name)])),
    accountsMatching(pattern, beginning) {
      if (pattern.is !== 'exact') return accounts.ofAutomaton(after(automatonOf(pattern), beginning));
      const isHere = pattern.value.startsWith(beginning);
      return isHere ? accounts.ofItems([literal(pattern.value.slice(beginning.length))]) : EMPTY;
    },
    kindsBy(questions, most, what, among = ALL) {
      let kinds: Region[] = [among];
      for (const question of questions) {
        kinds = kinds.flatMap((kind) =>
          [diagrams.and(kind, question), diagrams.minus(kind, question)].filter((part) => part !== NONE),
        );
        if (kinds.length > most) throw new BoundMet(`more than ${most} ${what}`);
      }
      return kinds;
    },
    textsOf(kind) {
      const isLabel = new Map([...keys].map(([key, variable]) => [variable, key]));
      return kindText(diagrams, kind, (variable, set) =>
        variable === accountVariable
          ? { account: namesText(describeAccounts(set)) }
          : { label: labelText(isLabel.get(variable) ?? '', set, values, describeValues) },
      );
    },
    sampleOf(kind, wanted = ['other', 'new']) {
      const way = wayThrough(diagrams, kind, values);
      const told = [...keys].flatMap(([key, variable]) => {
        const set = way.get(variable);
        const text = set === undefined ? '' : sampleText(values.automatonOf(set));
        return text === '' ? [] : [[key, text.slice(1)] as const];
      });
      const set = way.get(accountVariable);
      return {
        labels: told.filter(([key]) => !key.startsWith('pcsa.')),
        accountLabels: told.flatMap(([key, value]) =>
          key.startsWith('pcsa.') ? [[key.slice(5), value] as const] : [],
        ),
        account: set === undefined ? undefined : sampleText(accounts.automatonOf(set), wanted),
      };
    },
  };
}

/** The values that pass a test; `mark` stands before each. */
function testOf(domain: LanguageDomain, leaf: Leaf, mark: readonly Item[]): number {
  const all: readonly Item[] = [...mark, any];
  switch (leaf.op) {
    case 'has':
      return domain.ofItems([all]);
    case 'in':
      return domain.ofItems(leaf.values.map((value) => [...mark, ...literal(value)]));
    case 'contains':
      return domain.ofItems([[...all, ...literal(leaf.text), any]]);
    case 'startsWith':
      return domain.ofItems([[...mark, ...literal(leaf.text), any]]);
    case 'endsWith':
      return domain.ofItems([[...all, ...literal(leaf.text)]]);
  }
}

/** What follows a beginning in the texts of a language. */
function after(automaton: Automaton, beginning: string): Automaton {
  let state = automaton.accepts.length === 0 ? DEAD : 0;
  for (let i = 0; i < beginning.length && state !== DEAD; i++)
    state = stepOf(automaton, state, beginning.charCodeAt(i));
  return explored<number>(
    {
      start: state,
      keyOf: (at) => at,
      accepts: (at) => at !== DEAD && automaton.accepts[at]!,
      arcsOf: (at) => (at === DEAD ? [] : automaton.arcs[at]!),
    },
    () => {},
  );
}

/** A way to `ALL` on which as many labels are absent as can be. */
function wayThrough(diagrams: Diagrams, kind: Region, values: LanguageDomain): ReadonlyMap<number, number> {
  const out = new Map<number, number>();
  for (let at = kind; at !== ALL && at !== NONE; ) {
    const { variable, edges } = diagrams.nodeOf(at);
    const isAbsent = (set: number): boolean =>
      diagrams.domainOf(variable) === values && values.automatonOf(set).accepts[0] === true;
    const edge = edges.find(({ set }) => isAbsent(set)) ?? edges[0]!; // a node has one edge at least
    out.set(variable, edge.set);
    at = edge.to;
  }
  return out;
}
