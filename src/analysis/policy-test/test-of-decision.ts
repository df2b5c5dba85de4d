/**
 * A past decision as a policy test: what was asked, and what was answered.
 * @module
 */
import type { ClaimValue } from '../../authz/jwt/claims.ts';
import type { RedactedTokens } from '../../authz/record/redacted-decision.ts';
import { fromByteString } from '../../lib/byte-string.ts';
import type { Explanation } from '../explain.ts';
import type { TestForm } from './test-form.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** The test that this decision passes; undefined if its request cannot be written as one. */
export function testOfDecision(
  name: string,
  at: string,
  { request, decision, reason, policy, rule }: Explanation,
  tokens: RedactedTokens | undefined,
): TestForm | undefined {
  if (request === null) return undefined;
  const token = tokenOf(tokens);
  return {
    name,
    ...(token && { now: at }),
    request,
    ...(token && { token }),
    expect: { decision, reason, policy, rule },
  };
}

function tokenOf(tokens: RedactedTokens | undefined): TestForm['token'] {
  if (tokens?.outcome === 'accepted') return { claims: jsonOf(tokens.claims) as Record<string, Json> }; // a map becomes an object
  return tokens?.outcome === 'rejected' ? { rejected: { status: tokens.status, body: tokens.body } } : undefined;
}

function jsonOf(value: ClaimValue): Json {
  if (typeof value === 'string') return fromByteString(value);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, inner]) => [fromByteString(key), jsonOf(inner as ClaimValue)])); // a Claims is such a map
  return Array.isArray(value) ? value.map((each) => jsonOf(each as ClaimValue)) : (value as Json); // a scalar, by now
}
