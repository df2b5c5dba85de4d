/**
 * What token rules of a workload mean to its tree: what must be asked about, and what conditions can be judged.
 * @module
 */
import type { TokenRule } from '../../model.ts';
import { allOf, anyOf, isPresent, notOf, type Said, testOf } from '../tree/predicates.ts';
import { type TokenKeySets, type TokenProvider, tokenProviders } from './token-filters.ts';
import { faultKey, goodKey, tokenInput, tokenState } from './token-names.ts';
import { changedHeaders, mayBringToken, ownHeaders, tokenHeaders } from './token-traces.ts';

/** What conditions of a workload's rules come to where its tokens are verified. */
export interface TokenContext {
  /** Whether a tree sees claims; else whoever brings a token asks, and others have none. */
  readonly hasClaims: boolean;
  /** Claims that are one string in every accepted token. */
  readonly keyed: ReadonlySet<string>;
  /** Headers, lower-case, that policies see otherwise than a tree does. */
  readonly changed: ReadonlySet<string>;
  /** The same for contexts in which conditions mean the same. */
  readonly name: string;
}

/** The token rules of a workload, and what of them jwt_authn is given. */
export interface ScopedTokens {
  /** By issuer. */
  readonly rules: readonly TokenRule[];
  /** Empty: who may bring a token asks. */
  readonly providers: readonly TokenProvider[];
  readonly context: TokenContext;
  readonly guards: readonly TokenGuard[];
}

/** Why requests are asked about before any rule is looked at. */
export interface TokenGuard {
  /** The last part of its action's name. */
  readonly name: string;
  readonly when: Said;
  /** For people. */
  readonly reason: string;
  readonly isOfNames: false;
}

/** Sums the rules up. */
export function scopedTokens(rules: readonly TokenRule[], keySets: TokenKeySets = new Map()): ScopedTokens {
  if (rules.length === 0) return noTokens;
  const given = tokenProviders(rules, keySets);
  const providers = 'asks' in given ? [] : given.providers;
  return {
    rules,
    providers,
    context: contextOf(rules, providers),
    guards: 'asks' in given ? askingGuards(rules, given.asks) : verifyingGuards(rules, providers),
  };
}

/** Of connections: they bring no tokens. */
export const noTokens: ScopedTokens = {
  ...{ rules: [], providers: [], guards: [] },
  context: { hasClaims: false, keyed: new Set(), changed: new Set(), name: '' },
};

function contextOf(rules: readonly TokenRule[], providers: readonly TokenProvider[]): TokenContext {
  const changed = changedHeaders(rules);
  const split = new Set(rules.flatMap(({ spaceDelimitedClaims }) => spaceDelimitedClaims));
  const keyed = new Set(['iss', 'sub'].filter((claim) => !split.has(claim)));
  const hasClaims = providers.length > 0;
  return { hasClaims, keyed, changed, name: JSON.stringify([hasClaims, ...keyed, ...[...changed].sort()]) };
}

/** Nothing is verified here, and nothing taken out. */
const askingGuards = (rules: readonly TokenRule[], why: string): readonly TokenGuard[] =>
  needed([
    { name: 'token', when: mayBringToken(rules), reason: `requests that may bring a token: ${why}` },
    forgedGuard(rules),
  ]);

/** Headers that a rule would write, and nobody removes. */
const forgedGuard = (rules: readonly TokenRule[]) => ({
  name: 'forged',
  when: anyOf(ownHeaders(rules).map((name) => isPresent(`header:${name}`))),
  reason: 'requests with a header that only a verified token may write',
});

const needed = (guards: readonly Omit<TokenGuard, 'isOfNames'>[]): readonly TokenGuard[] =>
  guards.filter(({ when }) => when !== 'never').map((guard) => ({ ...guard, isOfNames: false }));

/** Who may bring a token asks unless it is clear that it was accepted, and by which rule. */
function verifyingGuards(rules: readonly TokenRule[], providers: readonly TokenProvider[]): readonly TokenGuard[] {
  const faults = providers.map((_, index) => hasFault(index, MISSING));
  const isMeant = anyOf([mayBringToken(rules), ...faults]);
  const reason = 'requests whose token Envoy does not accept, or of which it is not plain that it does';
  const others = rules.filter((rule) => providers.every((provider) => provider.rule !== rule));
  return needed([
    { name: 'token', when: allOf([isMeant, notOf(isAccepted(rules, providers.length))]), reason },
    forgedGuard(others),
  ]);
}

/** What jwt_authn says where there is no token, and of a token of another issuer. */
const MISSING = 'Jwt is missing';
const OTHER_ISSUER = 'Jwt issuer is not configured';

/** The rule says anything of tokens but these words. */
function hasFault(rule: number, ...but: readonly string[]): Said {
  const fault = tokenInput(faultKey(rule), 'message');
  return allOf([isPresent(fault), notOf(anyOf(but.map((value) => testOf(fault, { is: 'exact', value }))))]);
}

/**
 * One rule has accepted all tokens that it found, and no other has refused one for more than its issuer. Of larger requests Check may
 * refuse a token that Envoy accepts; a header with a comma may be two lines.
 */
function isAccepted(rules: readonly TokenRule[], count: number): Said {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const isGood = numbers.map((rule) => allOf([isPresent(tokenInput(goodKey(rule), 'alg')), notOf(hasFault(rule))]));
  const isRefused = numbers.map((rule) => hasFault(rule, MISSING, OTHER_ISSUER));
  const isRepeated = tokenHeaders(rules).map((name) => testOf(`header:${name}`, { is: 'contains', value: ',' }));
  return allOf([anyOf(isGood), notOf(anyOf([...isRefused, ...isRepeated])), isSmall]);
}

/** Below 16,000 bytes, and so is each token. */
const isSmall = testOf(`state:${tokenState.headerBytes}`, { is: 'regex', source: '[0-9]{1,4}|1[0-5][0-9]{3}' });

/** A name of a header that a tree cannot look at; undefined if it can look at all. */
export function strangeHeader(rules: readonly TokenRule[]): string | undefined {
  const read = [...tokenHeaders(rules), ...ownHeaders(rules)];
  return read.find((name) => name === 'host' || !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name));
}
