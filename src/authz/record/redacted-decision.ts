/**
 * A decision as it is stored to be explained later: the request without its secrets, and what became of its tokens.
 *
 * Secrets are overwritten where they stand, byte for byte, so that all else of the request stays as it came and the same decision
 * follows from it: what a policy compares with a secret header still compares the same.
 * @module
 */

import { matches } from '../../policy/evaluate/plain-match.ts';
import type { PolicyModel, TextPattern } from '../../policy/model.ts';
import { tokenCarriers } from '../../policy/token-carriers.ts';
import type { TokenAccepted, TokenEffects, TokenOutcome, TokenRejected } from '../jwt/token-outcome.ts';
import { CheckRequest, part } from '../wire/check-request.ts';
import { Entries } from '../wire/entries.ts';
import { malformedMessage } from '../wire/reader.ts';
import type { LoggedFacts } from './logged-facts.ts';
import type { ParityReport } from './parity.ts';
import { isSecretHeader, isSecretParameter, JWT } from './redact.ts';
import type { RingEntry } from './ring.ts';

/** The outcome of a request's tokens, without the tokens. Plain data. */
export type RedactedTokens =
  | { readonly outcome: 'none'; readonly effects: TokenEffects }
  | {
      readonly outcome: 'accepted';
      readonly claims: TokenAccepted['claims'];
      readonly requestPrincipal: string;
      readonly effects: TokenEffects;
    }
  | Pick<TokenRejected, 'outcome' | 'status' | 'body' | 'details'>;

/** A decision without secrets. Plain data. */
export interface RedactedDecision extends Omit<RingEntry, 'tokens'> {
  readonly tokens: RedactedTokens | undefined;
  /** An Envoy says that it has decided so: of the request only what its access log has is known. */
  readonly reported?: true;
  /** What that line tells of other facts. */
  readonly reportedFacts?: LoggedFacts;
}

/** What the parity canary reports, without secrets. Plain data. */
export interface RedactedParity extends Omit<ParityReport, 'entry'> {
  readonly entry: RedactedDecision;
}

/** Creates a function that takes the secrets out of decisions; the policies of `model` say where tokens are carried. */
export function createDecisionRedactor(model: PolicyModel): (entry: RingEntry) => RedactedDecision {
  let redact: ((bytes: Buffer) => Buffer) | undefined; // made when the first decision comes: it looks through all policies
  return ({ tokens, request, ...entry }) => {
    redact ??= createRedactor(model);
    return { ...entry, request: request && redact(request), tokens: tokens && redactedTokens(tokens) };
  };
}

/** What became of tokens, without them. */
export function redactedTokens(tokens: TokenOutcome): RedactedTokens {
  switch (tokens.outcome) {
    case 'none':
      return { outcome: 'none', effects: tokens.effects };
    case 'accepted': {
      const { outcome, claims, requestPrincipal, effects } = tokens;
      return { outcome, claims, requestPrincipal, effects };
    }
    case 'rejected': {
      const { outcome, status, body, details } = tokens;
      return { outcome, status, body, details };
    }
  }
}

/** Makes a function that overwrites the secrets of a CheckRequest in place, and returns it. */
export function createRedactor(model: PolicyModel): (bytes: Buffer) => Buffer {
  const carriers = tokenCarriers(model);
  const patterns = headerPatterns(model);
  const request = new CheckRequest();
  return (bytes) => {
    try {
      request.read(bytes);
    } catch (thrown) {
      if (thrown !== malformedMessage) throw thrown;
      return Buffer.alloc(0); // it was denied as such, and an empty one is too
    }
    const entries = entriesOf(request);
    for (let i = 0; i < entries.count; i++) {
      const name = entries.key(bytes, i).toLowerCase();
      const [begin, end] = [entries.valueBegin(i), entries.valueEnd(i)];
      if (isSecretHeader(name, carriers)) cover(bytes, begin, end, patterns.get(name) ?? []);
      else if (name === ':path') coverQuery(bytes, begin, end, (parameter) => isSecretParameter(parameter, carriers));
    }
    const pathAt = request.spans[part.path * 2]!;
    if (pathAt >= 0)
      coverQuery(bytes, pathAt, request.spans[part.path * 2 + 1]!, (each) => isSecretParameter(each, carriers));
    for (const { index, 0: token } of bytes.toString('latin1').matchAll(JWT))
      bytes.fill('x', index, index + token.length);
    return bytes;
  };
}

function entriesOf({ bytes, headers, headerMaps }: CheckRequest): Entries {
  const entries = new Entries();
  for (let i = 0; i < headers.count; i++) entries.addMapEntry(bytes, headers.begin(i), headers.end(i));
  for (let i = 0; i < headerMaps.count; i++) entries.addHeaderMap(bytes, headerMaps.begin(i), headerMaps.end(i));
  return entries;
}

/** Overwrites a value with one that the same patterns match, keeping as little of it as that needs. */
function cover(bytes: Buffer, begin: number, end: number, patterns: readonly TextPattern[]): void {
  const value = bytes.toString('latin1', begin, end);
  const matched = (text: string): string => patterns.map((pattern) => (matches(pattern, text) ? '1' : '0')).join('');
  const wanted = matched(value);
  const covered = keepable(patterns, value.length)
    .map(
      ([first, last]) =>
        value.slice(0, first) + 'x'.repeat(value.length - first - last) + value.slice(value.length - last),
    )
    .find((text) => matched(text) === wanted);
  bytes.write(covered ?? 'x'.repeat(value.length), begin, 'latin1');
}

/** How many characters may stay at either end, fewest first: as many as the patterns themselves spell out. */
function keepable(patterns: readonly TextPattern[], length: number): (readonly [first: number, last: number])[] {
  const firsts = new Set([0]);
  const lasts = new Set([0]);
  for (const pattern of patterns) {
    if (pattern.is === 'exact' && pattern.value.length === length) firsts.add(length);
    if (pattern.is === 'prefix' || pattern.is === 'under') firsts.add(pattern.value.length);
    if (pattern.is === 'suffix') lasts.add(pattern.value.length);
    if (pattern.is === 'glob') {
      firsts.add(pattern.parts[0]?.length ?? 0);
      lasts.add(pattern.parts.at(-1)?.length ?? 0);
    }
  }
  return [...firsts]
    .flatMap((first) => [...lasts].map((last) => [first, last] as const))
    .filter(([first, last]) => first + last <= length)
    .sort(([a, b], [c, d]) => a + b - (c + d));
}

/** Overwrites the values of parameters that carry tokens. */
function coverQuery(bytes: Buffer, begin: number, end: number, isSecret: (parameter: string) => boolean): void {
  const text = bytes.toString('latin1', begin, end);
  const query = text.indexOf('?');
  if (query < 0) return;
  for (const { index, 1: parameter = '', 2: value = '' } of text.slice(query).matchAll(/[?&]([^=&#]*)=([^&#]*)/g)) {
    const at = begin + query + index + 1 + parameter.length + 1;
    if (isSecret(parameter)) bytes.fill('x', at, at + value.length);
  }
}

/** What the policies compare headers with, by header. */
function headerPatterns(model: PolicyModel): ReadonlyMap<string, readonly TextPattern[]> {
  const found = new Map<string, TextPattern[]>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { op, fact, any } = value as {
      op?: unknown;
      fact?: { of?: unknown; name?: unknown };
      any?: readonly TextPattern[];
    }; // any part of a model
    if (op === 'text' && fact?.of === 'header' && typeof fact.name === 'string') {
      found.set(fact.name, [...(found.get(fact.name) ?? []), ...(any ?? [])]);
    } else for (const inner of Object.values(value)) walk(inner);
  };
  for (const { stages } of model.planes)
    for (const stage of stages) if ('name' in stage) for (const { rules } of stage.policies) walk(rules);
  return found;
}
