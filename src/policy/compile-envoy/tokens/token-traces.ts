/**
 * Requests that may bring a token, and what verification would change in them: told before anybody has verified anything.
 * @module
 */
import type { TokenRule } from '../../model.ts';
import { tokenPlaces } from '../../token-carriers.ts';
import { anyOf, isPresent, literal, type Said, testOf } from '../tree/predicates.ts';
import type { Input } from '../tree/tree.ts';

/** Holds for every request in which a rule finds a token, and for a few besides: those ask. */
export function mayBringToken(rules: readonly TokenRule[]): Said {
  const places = rules.map(tokenPlaces);
  const headers = places.flatMap(({ fromHeaders }) => fromHeaders.map(({ name, prefix }) => inHeader(name, prefix)));
  const params = new Set(places.flatMap(({ fromParams }) => fromParams));
  const cookies = new Set(places.flatMap(({ fromCookies }) => fromCookies));
  return anyOf([
    ...distinct(headers),
    ...(params.size > 0 ? [inQuery([...params])] : []),
    ...[...cookies].map((name) => (name === '' ? isPresent('header:cookie') : contains('header:cookie', name))),
  ]);
}

/** Headers in which tokens are looked for, lower-case. */
export function tokenHeaders(rules: readonly TokenRule[]): readonly string[] {
  const names = rules.flatMap((rule) => tokenPlaces(rule).fromHeaders.map(({ name }) => name.toLowerCase()));
  return [...new Set(names)].sort();
}

/** Headers that only verification writes: whoever sends one forges it. Lower-case, each once. */
export function ownHeaders(rules: readonly TokenRule[]): readonly string[] {
  const names = rules.flatMap(({ outputPayloadToHeader, outputClaimToHeaders }) => [
    ...(outputPayloadToHeader === '' ? [] : [outputPayloadToHeader]),
    ...outputClaimToHeaders.map(({ header }) => header),
  ]);
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

/** Headers that policies see otherwise than the caller has sent them: verification writes them, or takes the token out. */
export function changedHeaders(rules: readonly TokenRule[]): ReadonlySet<string> {
  const changed = new Set(ownHeaders(rules));
  for (const rule of rules) {
    if (rule.forwardOriginalToken) continue;
    const { fromHeaders, fromParams } = tokenPlaces(rule);
    for (const { name } of fromHeaders) changed.add(name.toLowerCase());
    if (fromParams.length > 0) changed.add(':path');
  }
  return changed;
}

/** Several lines are joined, so what a line contains the whole contains too. */
function inHeader(name: string, prefix: string): Said {
  const input: Input = `header:${name.toLowerCase()}`;
  return prefix === '' ? isPresent(input) : contains(input, prefix);
}

/** By name as it stands, or a name with an escape in it, which may come to the same. */
function inQuery(names: readonly string[]): Said {
  const named = `(?:${names.map(literal).join('|')})(?:[&=]\\C*)?`;
  return testOf('header::path', { is: 'regex', source: `\\C*\\?(?:\\C*&)?(?:${named}|[^&=%]*%\\C*)` });
}

const contains = (input: Input, value: string): Said => testOf(input, { is: 'contains', value });

function distinct(parts: readonly Said[]): readonly Said[] {
  return [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
}
