/**
 * Sets of lists of values, such as the lines of a header, as conditions in words and patterns.
 * @module
 */
import type { TextFact } from '../../../policy/model.ts';
import { createDescriber, type ShownPattern, shownAutomaton } from '../describe.ts';
import type { ListDomain } from './list-domain.ts';
import { listParts } from './list-parts.ts';

/** What no other member of a box can say. */
export interface ShownCondition {
  /** Istio's key, such as `request.headers[x]`. */
  readonly key: string;
  readonly values?: readonly ShownPattern[];
  readonly notValues?: readonly ShownPattern[];
  readonly text: string;
}

/** Prints sets of the lists of one fact: alternatives, each of conditions that all hold. */
export function createListPrinter(
  fact: TextFact,
  domain: ListDomain,
): (set: number) => readonly (readonly ShownCondition[])[] {
  const key = keyOf(fact);
  const patternsOf = languagePrinter(domain);
  const is = (language: number): ShownCondition => {
    const values = patternsOf(language);
    return { key, values, text: `${key} is ${listed(values)}` };
  };
  const isNot = (language: number): ShownCondition => {
    const notValues = patternsOf(language);
    return { key, notValues, text: `${key} is not ${listed(notValues)}` };
  };
  return (set) =>
    listParts(domain, set).map(({ some, none }) => [...some.map(is), ...(none === 0 ? [] : [isNot(none)])]);
}

const listed = (values: readonly ShownPattern[]): string =>
  values.map((value) => (typeof value === 'string' ? (value === '' ? 'empty' : value) : 'a pattern')).join(', ');

/** Prints languages: a text is never one that means something else, such as a star that stands for itself. */
function languagePrinter({ texts, conditions }: ListDomain): (language: number) => readonly ShownPattern[] {
  const describe = createDescriber(texts);
  const full = texts.full;
  const notEmpty = texts.ofPatterns([{ is: 'nonEmpty' }]); // as Istio writes a star
  const plainly = (language: number): readonly ShownPattern[] | undefined => {
    if (language === notEmpty) return ['*'];
    if (language === full) return ['', '*'];
    const { some, none } = describe(language);
    return some !== undefined && none.length === 0 && some.every((one) => typeof one === 'string') ? some : undefined;
  };
  return (language) => {
    const whole = plainly(language);
    if (whole !== undefined) return whole;
    const parts = conditions.get(language)?.map((pattern) => plainly(texts.ofPatterns([pattern])));
    if (parts?.every((part) => part !== undefined)) return [...new Set(parts.flatMap((part) => part ?? []))];
    return [{ automaton: shownAutomaton(texts.automatonOf(language)) }];
  };
}

function keyOf(fact: TextFact): string {
  switch (fact.of) {
    case 'header':
      return `request.headers[${fact.name}]`;
    case 'claim':
      return `request.auth.claims${fact.path.map((name) => `[${name}]`).join('')}`;
    case 'metadata':
      return `experimental.${fact.filter}[${fact.path.join('.')}]`;
    default:
      return fact.of;
  }
}
