/**
 * Claims as a token bears them: with the issuer and the audience by which a rule accepts it.
 * @module
 */
import { toByteString } from '../../lib/byte-string.ts';
import { matches } from '../../policy/evaluate/plain-match.ts';
import type { TokenRule } from '../../policy/model.ts';
import type { ChosenFlag } from '../regions/sample.ts';
import { audienceForms } from './token-claims.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Adds what a rule wants to claims that conditions want; undefined if no rule would accept them. */
export function wholeClaims(
  claims: Claims,
  flags: readonly ChosenFlag[],
  rules: readonly TokenRule[],
): Claims | undefined {
  const isAsked = (path: string, value: string): boolean =>
    flags.every(
      ({ fact, any, holds }) =>
        fact.of !== 'claim' ||
        fact.path.join('.') !== path ||
        any.some((one) => matches(one, toByteString(value))) === holds,
    );
  const isBarred = (path: string, value: string): boolean =>
    flags.some(
      ({ fact, any, holds }) =>
        !holds &&
        fact.of === 'claim' &&
        fact.path.join('.') === path &&
        any.some((one) => matches(one, toByteString(value))),
    );
  for (const { issuer, audiences } of rules) {
    const iss = issuer === '' ? (claims['iss'] ?? 'issuer') : issuer;
    if (issuer !== '' && !isAsked('iss', issuer)) continue;
    const { aud: told } = claims;
    const own = (Array.isArray(told) ? told : told === undefined ? [] : [told]).map(String);
    const forms = audiences.flatMap(audienceForms);
    const audience = forms.find((form) => own.includes(form)) ?? forms.find((form) => !isBarred('aud', form));
    if (audiences.length > 0 && audience === undefined) continue;
    const aud = audience === undefined ? own : [...new Set([...own, audience])];
    return { ...claims, iss, ...(aud.length > 0 && { aud }) };
  }
  return undefined;
}
