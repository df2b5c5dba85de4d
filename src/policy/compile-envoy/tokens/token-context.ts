/**
 * What token rules of a workload mean to its tree: what must be asked about, and what conditions can be judged.
 * @module
 */
import type { TokenRule } from '../../model.ts';
import { anyOf, isPresent, type Said } from '../tree/predicates.ts';
import { changedHeaders, mayBringToken, ownHeaders } from './token-traces.ts';

/** What conditions of a workload's rules come to where its tokens are verified. */
export interface TokenContext {
  /** Whether a tree sees claims; else whoever brings a token asks, and others have none. */
  readonly hasClaims: boolean;
  /** Headers, lower-case, that policies see otherwise than a tree does. */
  readonly changed: ReadonlySet<string>;
  /** The same for contexts in which conditions mean the same. */
  readonly name: string;
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
export function tokenContext(rules: readonly TokenRule[]): TokenContext {
  const changed = changedHeaders(rules);
  return { hasClaims: false, changed, name: [...changed].sort().join(' ') };
}

/** Who asks because of tokens, whatever the rules of policies say. */
export function tokenGuards(rules: readonly TokenRule[]): readonly TokenGuard[] {
  const forged = anyOf(ownHeaders(rules).map((name) => isPresent(`header:${name}`)));
  const guards = [
    { name: 'token', when: mayBringToken(rules), reason: 'requests that may bring a token' },
    { name: 'forged', when: forged, reason: 'requests with a header that only a verified token may write' },
  ];
  return guards.filter(({ when }) => when !== 'never').map((guard) => ({ ...guard, isOfNames: false }));
}

/** A name of a header that a tree cannot look at; undefined if it can look at all. */
export function strangeHeader(rules: readonly TokenRule[]): string | undefined {
  const read = rules.flatMap(({ fromHeaders }) => fromHeaders.map(({ name }) => name.toLowerCase()));
  return [...read, ...ownHeaders(rules)].find((name) => name === 'host' || !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name));
}
