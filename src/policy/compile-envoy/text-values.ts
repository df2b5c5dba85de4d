/**
 * What a condition on a text comes to in a tree: keys of a map where it can be, tests where it cannot, or nothing at all.
 * @module
 */
import type { Atom, TextFact, TextPattern } from '../model.ts';
import { isNamed } from './caller-forms.ts';
import { claimValues } from './tokens/claim-values.ts';
import type { TokenContext } from './tokens/token-context.ts';
import { isPresent, literal, type Said, testOf } from './tree/predicates.ts';
import type { Input, Predicate } from './tree/tree.ts';

/** Alternatives for one value. */
export interface TextValues {
  readonly input: Input;
  readonly exact: readonly string[];
  readonly prefixes: readonly string[];
  readonly tests: readonly Predicate[];
  /** Takes the value that is there, whatever it is. */
  readonly present: Said;
  /** Holds good only behind the guard that lets nobody by whose namespace is not where Istio puts it. */
  readonly readsNamespaces: boolean;
}

/** A part of a condition that no tree can say: its name, for people. */
export interface Unsayable {
  readonly field: string;
}

type TextAtom = Extract<Atom, { op: 'text' }>;

/** What the values of a text depend on besides the condition. */
interface TextContext {
  readonly trustDomains: readonly string[];
  readonly tokens: TokenContext;
  readonly plain?: ReadonlySet<'remote' | 'sni'>;
}

/** Translates the alternatives of one text. */
export function textValues(
  { fact, any }: TextAtom,
  { trustDomains, tokens, plain }: TextContext,
): TextValues | Unsayable {
  if (fact.of === 'header' && tokens.changed.has(fact.name))
    return { field: `${nameOf(fact)}, which verifying tokens changes` };
  if (fact.of === 'claim') return ofClaim(fact, any, tokens);
  const input = fact.of === 'sni' && plain?.has('sni') === true ? 'sni' : inputOf(fact);
  if (typeof input !== 'string') return input;
  const exact: string[] = [];
  const prefixes: string[] = [];
  const tests: Predicate[] = [];
  let readsNamespaces = false;
  for (const pattern of any) {
    const said = fact.of === 'peerName' ? callerPattern(pattern, trustDomains) : valuePattern(pattern, input);
    if (said === undefined || ![...said.exact, ...said.prefixes, ...said.literals].every(isUtf8))
      return { field: `${nameOf(fact)} ${UNTESTABLE}` };
    exact.push(...said.exact);
    prefixes.push(...said.prefixes);
    tests.push(...said.tests);
    readsNamespaces ||= said.readsNamespaces;
  }
  const present = fact.of === 'peerName' ? isNamed : isPresent(input);
  return { input, exact, prefixes, tests, present, readsNamespaces };
}

const UNTESTABLE = "(a pattern that Envoy's tree cannot test)";

function ofClaim(
  fact: Extract<TextFact, { of: 'claim' }>,
  any: readonly TextPattern[],
  { keyed }: TokenContext,
): TextValues | Unsayable {
  const values = claimValues(fact.path, any, keyed);
  const texts = [...fact.path, ...any.flatMap((pattern) => ('value' in pattern ? [pattern.value] : []))];
  if (values === undefined || !texts.every(isUtf8)) return { field: `${nameOf(fact)} ${UNTESTABLE}` };
  return { ...values, readsNamespaces: false };
}

function inputOf(fact: TextFact): Input | Unsayable {
  switch (fact.of) {
    case 'peerName':
      return 'uri';
    case 'method':
      return 'header::method';
    case 'path':
      return 'path';
    case 'host':
      return 'header::authority';
    case 'header':
      // a name that Envoy would refuse spoils the whole resource
      return /^:?[a-z0-9!#$%&'*+.^_`|~-]+$/.test(fact.name) ? `header:${fact.name}` : { field: nameOf(fact) };
    default:
      return { field: nameOf(fact) };
  }
}

/** Names a fact for people. */
function nameOf(fact: TextFact): string {
  switch (fact.of) {
    case 'peerName':
      return "caller's name";
    case 'header':
      return `header ${fact.name}`;
    case 'claim':
      return `claim ${fact.path.join('.')}`;
    case 'metadata':
      return `metadata ${fact.filter}`;
    case 'sni':
      return 'SNI';
    case 'normalPath':
      return 'normalised path';
    default:
      return fact.of;
  }
}

interface PatternValues {
  readonly exact: readonly string[];
  readonly prefixes: readonly string[];
  readonly tests: readonly Predicate[];
  /** The texts of the tests, which must be UTF-8. */
  readonly literals: readonly string[];
  readonly readsNamespaces: boolean;
}

const nothing: PatternValues = { exact: [], prefixes: [], tests: [], literals: [], readsNamespaces: false };

function valuePattern(pattern: TextPattern, input: Input): PatternValues | undefined {
  const test = (made: Predicate, ...literals: string[]): PatternValues => ({ ...nothing, tests: [made], literals });
  switch (pattern.is) {
    case 'exact':
    case 'prefix':
    case 'suffix': {
      const { is, value } = pattern;
      if (value === '' && is !== 'exact') return test(isPresent(input));
      if (pattern.ignoreCase === true) return test(testOf(input, { is, value, ignoreCase: true }), value);
      if (is === 'suffix' || value === '') return test(testOf(input, { is, value }), value);
      return is === 'exact' ? { ...nothing, exact: [value] } : { ...nothing, prefixes: [value] };
    }
    case 'present':
      return test(isPresent(input));
    case 'nonEmpty':
      return test(testOf(input, { is: 'regex', source: '\\C+' }));
    case 'under':
      return { ...nothing, exact: [pattern.value], prefixes: [`${pattern.value.replace(/\/$/, '')}/`] };
    case 'template':
      return test(testOf(input, { is: 'regex', source: templateRegex(pattern.text) }), pattern.text);
    default:
      return undefined;
  }
}

/** What `{*}` takes: RFC 3986 pchar; `{**}` takes slashes too. */
const TAKEN = "A-Za-z0-9._~%!$&'()+,;:@=*-";

function templateRegex(text: string): string {
  const one = (part: string): string => part.split('{*}').map(literal).join(`[${TAKEN}]+`);
  return text.split('{**}').map(one).join(`[\\/${TAKEN}]*`);
}

/** Behind the guards a caller's name is one SPIFFE ID of a known trust domain. */
function callerPattern(pattern: TextPattern, trustDomains: readonly string[]): PatternValues | undefined {
  const test = (...made: Predicate[]): PatternValues => ({ ...nothing, tests: made });
  switch (pattern.is) {
    case 'exact':
    case 'prefix':
      if (!pattern.value.startsWith('spiffe://') || pattern.ignoreCase === true) return undefined;
      return pattern.is === 'exact'
        ? { ...nothing, exact: [pattern.value] }
        : { ...nothing, prefixes: [pattern.value] };
    case 'nonEmpty':
    case 'present':
      return test(isNamed);
    case 'glob':
      return globPattern(pattern.parts, pattern.within === 'segment', trustDomains);
    case 'serviceAccount': {
      const account = `/ns/${pattern.namespace}/sa/${pattern.serviceAccount}`;
      return { ...nothing, exact: trustDomains.map((td) => `spiffe://${td}${account}`), readsNamespaces: true };
    }
    default:
      return undefined;
  }
}

function globPattern(
  parts: readonly string[],
  within: boolean,
  trustDomains: readonly string[],
): PatternValues | undefined {
  const [first = '', second = '', last] = parts;
  if (parts.length === 3 && first === '' && last === '' && /^\/ns\/[^/]+\/$/.test(second) && !within)
    return { ...nothing, prefixes: trustDomains.map((td) => `spiffe://${td}${second}`), readsNamespaces: true };
  // Names beside the SPIFFE ID could match what is not anchored to the scheme; those with `/ns/` in them ask.
  const readsNamespaces = first === '' && second.startsWith('/ns/');
  if (!first.startsWith('spiffe://') && !readsNamespaces) return undefined;
  const [head = '', ...rest] = parts.map(literal);
  const runs = rest.map((part, i) => `${within && i === 0 ? '[^\\/\\n]*' : '[^\\n]*'}${part}`);
  const source = head + runs.join('');
  return { ...nothing, tests: [testOf('uri', { is: 'regex', source })], literals: parts, readsNamespaces };
}

/** Tells whether a byte string is UTF-8: text that Envoy takes in a configuration. */
function isUtf8(bytes: string): boolean {
  if (/^[\x00-\x7f]*$/.test(bytes)) return true;
  return Buffer.from(Buffer.from(bytes, 'latin1').toString('utf8'), 'utf8').toString('latin1') === bytes;
}
