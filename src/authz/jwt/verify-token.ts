/**
 * Verifies one token under one rule.
 * @module
 */
import type { KeySets } from '../state.ts';
import { isForUs } from './audiences.ts';
import type { Claims } from './claims.ts';
import { maxTokenBytes, type ParsedToken, parseToken } from './parsed-token.ts';
import { hasKey, verifySignature } from './signature.ts';
import { splitClaims } from './space-delimited.ts';
import type { TokenFault, TokenStatus } from './status.ts';
import { cacheKey, digestOf, type KnownToken, type TokenCache, type VerifiedParts } from './token-cache.ts';
import type { UnknownKid } from './token-outcome.ts';
import type { CompiledRule } from './token-rule.ts';
import { VerificationBudget } from './verification-budget.ts';

/** The outcome for one token. */
export type TokenResult =
  | { readonly status: 'ok'; readonly token: VerifiedParts; readonly claims: Claims }
  | { readonly status: TokenFault; readonly unknownKid: UnknownKid | undefined };

/** What the verifications of one request share. */
export interface TokenWork {
  readonly cache: TokenCache;
  readonly budget: VerificationBudget;
  /** What many rules ask of one token, found out once. */
  tokenOf(text: string): { readonly digest: string; parse(): ParsedToken | TokenFault };
}

/** Creates it for one request. */
export function tokenWork(cache: TokenCache): TokenWork {
  const known = new Map<string, ReturnType<TokenWork['tokenOf']>>();
  return {
    cache,
    budget: new VerificationBudget(),
    tokenOf(text) {
      const before = known.get(text);
      if (before !== undefined) return before;
      let parsed: ParsedToken | TokenFault | undefined;
      const made = { digest: digestOf(text), parse: () => (parsed ??= parseToken(text)) };
      known.set(text, made);
      return made;
    },
  };
}

/** Seconds that clocks may differ by, on either side. */
const skewSeconds = 60;

/** Checks in Envoy's order: form, issuer, nbf, exp, audience, signature. The first fault is the answer. */
export function verifyToken(
  text: string,
  rule: CompiledRule,
  keySets: KeySets,
  nowMs: number,
  { cache, budget, tokenOf }: TokenWork,
): TokenResult {
  if (text.length > maxTokenBytes) return refused('badFormat');
  if (!budget.allowsToken()) return refused('verificationFails');
  const { digest, parse } = tokenOf(text);
  const key = cacheKey(digest, rule.serial, keySets.generation);
  const known = cache.get(key);
  if (known !== undefined) return onTime(known, rule, keySets, nowMs);

  const parsed = parse();
  const fault = typeof parsed === 'string' ? parsed : issuerFault(parsed, rule);
  if (typeof parsed === 'string' || fault !== undefined) {
    const learnt: KnownToken = { fault: fault ?? 'badFormat' };
    cache.put(key, learnt, text.length);
    return onTime(learnt, rule, keySets, nowMs);
  }
  const late = timeFault(parsed, nowMs);
  if (late !== undefined) return refused(late); // its signature need not be verified
  const learnt = learn(parsed, rule, keySets, budget);
  if (!budget.isSpent) cache.put(key, learnt, text.length);
  return onTime(learnt, rule, keySets, nowMs);
}

/** What depends on the token, the rule and the keys only. */
function learn(parsed: ParsedToken, rule: CompiledRule, keySets: KeySets, budget: VerificationBudget): KnownToken {
  const { iss, sub, kid, nbf, exp, payload, payloadText } = parsed;
  const status: TokenStatus = isForUs(rule.audiences, parsed.audiences)
    ? verifySignature(parsed, keySets.sets.get(rule.rule.keys.id), budget)
    : 'audienceNotAllowed';
  const claims = status === 'ok' ? splitClaims(payload, rule.spaceDelimited) : new Map();
  return { fault: undefined, token: { iss, sub, kid, nbf, exp, payload, payloadText }, claims, status };
}

function onTime(known: KnownToken, rule: CompiledRule, keySets: KeySets, nowMs: number): TokenResult {
  if (known.fault !== undefined) return refused(known.fault);
  const late = timeFault(known.token, nowMs);
  if (late !== undefined) return refused(late);
  const { status, token, claims } = known;
  return status === 'ok' ? { status, token, claims } : refused(status, unknownKid(token.kid, status, rule, keySets));
}

const refused = (status: TokenFault, unknown?: UnknownKid): TokenResult => ({ status, unknownKid: unknown });

const issuerFault = ({ iss }: ParsedToken, { rule }: CompiledRule): TokenFault | undefined =>
  rule.issuer === '' || rule.issuer === iss ? undefined : 'unknownIssuer';

function timeFault({ nbf, exp }: Pick<ParsedToken, 'nbf' | 'exp'>, nowMs: number): TokenFault | undefined {
  const now = Math.floor(nowMs / 1000);
  if (now + skewSeconds < nbf) return 'notYetValid';
  return exp !== 0 && now > exp + skewSeconds ? 'expired' : undefined;
}

/** A key that a fetch might bring: the token names one, and the set does not have it. */
function unknownKid(kid: string, status: TokenFault, { rule }: CompiledRule, keySets: KeySets): UnknownKid | undefined {
  if (status !== 'noMatchingKey' && status !== 'verificationFails') return undefined;
  if (kid === '' || rule.keys.from === 'inline' || hasKey(keySets.sets.get(rule.keys.id), kid)) return undefined;
  return { keySet: rule.keys.id, kid };
}
