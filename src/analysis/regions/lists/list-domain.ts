/**
 * Sets of lists of texts, such as the lines of a header: a list is told by the kinds of values that it holds.
 *
 * Texts that no condition tells apart are one kind. Each kind may be there or not, whatever the others are: so every set is one that
 * lists can make up, and equal sets are equal numbers.
 * @module
 */
import type { TextPattern } from '../../../policy/model.ts';
import { acceptsText } from '../automaton.ts';
import { anyEffort, type BoundMet, type Effort } from '../bound.ts';
import { ALL, Diagrams, NONE, type Region } from '../diagrams.ts';
import { type Domain, EMPTY, maskDomain } from '../domain.ts';
import type { LanguageDomain } from '../languages.ts';
import { kindsOf } from './list-kinds.ts';

/** What is asked of the lists of one fact. */
export interface ListOptions {
  readonly texts: LanguageDomain;
  /** All conditions: one value at least fits one of the patterns. */
  readonly conditions: readonly (readonly TextPattern[])[];
  /** There is one value at most. */
  readonly isSingle?: boolean;
  readonly effort?: Effort;
}

/** Sets of lists. Kinds are numbered from 0, in an order that hangs on the conditions alone. */
export interface ListDomain extends Domain {
  readonly texts: LanguageDomain;
  readonly isSingle: boolean;
  /** The diagrams whose regions are the sets; a variable a kind: 1 where a value of it is there, 2 where none is. */
  readonly diagrams: Diagrams;
  /** The texts of each kind, as sets of `texts`. */
  readonly kinds: readonly number[];
  /** The conditions that may be asked, one for each language. */
  readonly conditions: ReadonlyMap<number, readonly TextPattern[]>;
  /** The texts of some kinds together. */
  languageOf(kinds: readonly number[]): number;
  /** No value at all. */
  readonly empty: number;
  /** One value at least fits one of the patterns, which are one of the conditions. */
  having(any: readonly TextPattern[]): number;
  /** One value at least is of the kind of a text; nothing where there is no such value. */
  holding(text: string): number;
  /** Each kind that is there has texts in a language. */
  within(language: number): number;
}

/** The value of a kind's variable where there is a value of it, and where there is none. */
export const PRESENT = 1;
export const MISSING = 2;

/** Creates the domain. @throws BoundMet if there are too many kinds; `onTooMany` hears of which condition */
export function listDomain(
  { texts, conditions, isSingle = false, effort = anyEffort }: ListOptions,
  onTooMany: (condition: readonly TextPattern[], met: BoundMet) => BoundMet = (_, met) => met,
): ListDomain {
  const ordered = inOrder(conditions);
  const found = kindsOf(texts, ordered, (place, met) => onTooMany(ordered[place] ?? [], met));
  const kinds = found.map(({ language }) => language);
  const asked = new Map<number, readonly TextPattern[]>();
  const byLanguage = new Map<number, readonly number[]>([[texts.full, kinds.map((_, kind) => kind)]]);
  for (const [place, any] of ordered.entries()) {
    const language = texts.ofPatterns(any);
    if (!asked.has(language)) asked.set(language, any);
    byLanguage.set(
      language,
      found.flatMap(({ fits }, kind) => (fits.includes(place) ? [kind] : [])),
    );
  }
  const byKinds = new Map([...byLanguage].map(([language, own]) => [own.join(), language]));
  const diagrams = new Diagrams(effort);
  const two = maskDomain(2);
  const is = kinds.map(() => diagrams.where(diagrams.addVariable(two), PRESENT));
  const full = isSingle ? atMostOne(diagrams, kinds.length) : ALL;
  const someOf = (own: readonly number[]): Region =>
    diagrams.and(
      own.reduceRight((all, kind) => diagrams.or(is[kind]!, all), NONE as Region),
      full,
    );
  const where = (fits: (kind: number) => boolean): number[] => kinds.flatMap((kind, i) => (fits(kind) ? [i] : []));
  const noneOf = (own: readonly number[]): Region => diagrams.minus(full, someOf(own));
  const known = new Map<number, Region>();
  return {
    ...{ texts, isSingle, diagrams, kinds, full, conditions: asked },
    and: (a, b) => diagrams.and(a, b),
    or: (a, b) => diagrams.or(a, b),
    minus: (a, b) => diagrams.minus(a, b),
    empty: noneOf(where(() => true)),
    languageOf: (own) =>
      byKinds.get(own.toSorted((a, b) => a - b).join()) ??
      own.reduce((all, kind) => texts.or(all, kinds[kind]!), EMPTY),
    having(any) {
      const language = texts.ofPatterns(any);
      const own = byLanguage.get(language);
      if (own === undefined && language !== EMPTY) throw new TypeError('a condition that the space was not told of');
      const made = known.get(language) ?? someOf(own ?? []);
      known.set(language, made);
      return made;
    },
    holding: (text) => someOf(where((kind) => acceptsText(texts.automatonOf(kind), text))),
    within: (language) => noneOf(where((kind) => texts.and(kind, language) === EMPTY)),
  };
}

/** Conditions in an order of their own, and of each its patterns; equal ones once. */
function inOrder(conditions: readonly (readonly TextPattern[])[]): readonly (readonly TextPattern[])[] {
  const named = new Map<string, readonly TextPattern[]>();
  for (const any of conditions) {
    const patterns = new Map(any.map((one) => [JSON.stringify(one), one]));
    const names = [...patterns.keys()].sort();
    named.set(
      names.join(),
      names.map((each) => patterns.get(each)!),
    );
  }
  return [...named.keys()].sort().map((name) => named.get(name)!);
}

/** Of so many variables one at most is present. */
function atMostOne(diagrams: Diagrams, count: number): Region {
  let [none, one]: [Region, Region] = [ALL, ALL];
  for (let variable = count - 1; variable >= 0; variable--) {
    const absent = diagrams.where(variable, MISSING);
    one = diagrams.or(diagrams.and(absent, one), diagrams.and(diagrams.where(variable, PRESENT), none));
    none = diagrams.and(absent, none);
  }
  return one;
}
