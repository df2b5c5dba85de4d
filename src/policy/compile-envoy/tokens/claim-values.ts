/**
 * What a condition on a claim comes to in a tree: the strings that are there, or the strings of a list.
 * @module
 */
import type { TextPattern } from '../../model.ts';
import { type Said, testOf } from '../tree/predicates.ts';
import type { Input, Predicate, Test } from '../tree/tree.ts';
import { PAYLOAD, tokenInput, tokenState } from './token-names.ts';

/** Alternatives for the value of one claim. */
export interface ClaimValues {
  readonly input: Input;
  readonly exact: readonly string[];
  readonly prefixes: readonly string[];
  readonly tests: readonly Predicate[];
  readonly present: Said;
}

/**
 * Translates the alternatives of a claim; undefined if a tree cannot test them.
 *
 * @param keyed  claims that are one string in every token that is accepted, and stand in the filter state too: `iss`, `sub`
 */
export function claimValues(
  path: readonly string[],
  any: readonly TextPattern[],
  keyed: ReadonlySet<string>,
): ClaimValues | undefined {
  if (path.length === 0 || path.includes('')) return undefined; // no path of Envoy's
  const claim = tokenInput(PAYLOAD, ...path);
  const [name = ''] = path;
  const state = path.length === 1 && keyed.has(name) ? stateOf.get(name) : undefined;
  const exact: string[] = [];
  const prefixes: string[] = [];
  const tests: Predicate[] = [];
  for (const pattern of any) {
    const test = testFor(pattern);
    if (test === undefined) return undefined;
    if (state !== undefined && isKey(test) && test.is === 'exact') exact.push(test.value);
    else if (state !== undefined && isKey(test)) prefixes.push(test.value);
    else tests.push(testOf(claim, test));
  }
  const present = testOf(claim, { is: 'regex', source: '\\C*' });
  return { input: state ?? claim, exact, prefixes, tests, present };
}

const stateOf: ReadonlyMap<string, Input> = new Map<string, Input>([
  ['iss', `state:${tokenState.issuer}`],
  ['sub', `state:${tokenState.subject}`],
]);

type KeyTest = Extract<Test, { is: 'exact' | 'prefix' | 'suffix' | 'contains' }>;

/** Where a claim is absent its state is `-`, which no key may take for a value. */
const isKey = (test: Test): test is KeyTest =>
  (test.is === 'exact' || test.is === 'prefix') &&
  test.ignoreCase !== true &&
  test.value !== '' &&
  test.value[0] !== '-';

function testFor(pattern: TextPattern): Test | undefined {
  switch (pattern.is) {
    case 'exact':
    case 'prefix':
    case 'suffix':
      if (pattern.value === '' && pattern.is !== 'exact') return { is: 'regex', source: '\\C*' };
      return pattern;
    case 'present':
      return { is: 'regex', source: '\\C*' };
    case 'nonEmpty':
      return { is: 'regex', source: '\\C+' };
    default:
      return undefined;
  }
}
