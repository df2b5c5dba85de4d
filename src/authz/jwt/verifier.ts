/**
 * Verifies the tokens of a request as Envoy's jwt_authn does under Istio's configuration.
 * @module
 */
import type { TokenRule } from '../../policy/model.ts';
import type { KeySets } from '../state.ts';
import { originalUri, refusal } from './challenge.ts';
import { claimText } from './claim-text.ts';
import type { Claims } from './claims.ts';
import { isPreflight } from './preflight.ts';
import { type RequestView, viewRequest } from './request-view.ts';
import type { TokenFault, TokenStatus } from './status.ts';
import { createTokenCache, type TokenCache, type VerifiedParts } from './token-cache.ts';
import type { TokenOutcome, UnknownKid, VerifyTokens } from './token-outcome.ts';
import { type CompiledRule, compileRules } from './token-rule.ts';
import { type TokenWork, tokenWork, verifyToken } from './verify-token.ts';

export interface TokenVerifierOptions {
  /** Upper bound of what verified tokens may hold in memory, in bytes; default 8 MiB. */
  readonly cacheBytes?: number;
}

/** Creates a verifier with a cache of its own; one a decider. */
export function createTokenVerifier(options: TokenVerifierOptions = {}): VerifyTokens {
  const cache = createTokenCache(options.cacheBytes ?? 8 * 1024 * 1024);
  return (request, rules, keySets, nowMs) => {
    const compiled = compileRules(rules);
    const view = viewRequest(request);
    for (const rule of compiled) clearOwnHeaders(view, rule);
    const run = new Run(view, compiled, keySets, nowMs, cache);
    if (isPreflight(view)) return run.verdict('ok', '');
    const uri = originalUri(view);
    return run.verdict(run.status(), uri);
  };
}

/** A client may not forge what only a verified token may say. */
function clearOwnHeaders(view: RequestView, { ownHeaders }: CompiledRule): void {
  for (const name of ownHeaders) view.removeHeader(name);
}

interface Accepted {
  readonly rule: TokenRule;
  readonly token: VerifiedParts;
  readonly claims: Claims;
}

/** The verification of one request; the view changes as it goes on. */
class Run {
  readonly #view: RequestView;
  readonly #rules: readonly CompiledRule[];
  readonly #keySets: KeySets;
  readonly #nowMs: number;
  readonly #work: TokenWork;
  /** The token that was verified last, as in Envoy, where each overwrites the metadata of the one before. */
  #accepted: Accepted | undefined;
  #unknownKid: UnknownKid | undefined;

  constructor(view: RequestView, rules: readonly CompiledRule[], keySets: KeySets, nowMs: number, cache: TokenCache) {
    this.#view = view;
    this.#rules = rules;
    this.#keySets = keySets;
    this.#nowMs = nowMs;
    this.#work = tokenWork(cache);
  }

  /**
   * Any rule whose tokens are all good; else every rule must have good tokens or none. Of several faults the last one counts that is neither a missing
   * token nor an unknown issuer, then an unknown issuer.
   */
  status(): TokenStatus {
    const faults: TokenFault[] = [];
    for (const rule of this.#rules) {
      const status = this.#rule(rule);
      if (status === 'ok') return 'ok';
      faults.push(status);
    }
    if (faults.length > 1) {
      const all = this.#everyRule();
      if (all === 'ok') return 'ok';
      faults.push(all);
    }
    const final = mostTelling(faults);
    return final === 'missing' ? 'ok' : final;
  }

  #everyRule(): TokenStatus {
    for (const rule of this.#rules) {
      const status = this.#rule(rule);
      if (status !== 'ok' && status !== 'missing') return status;
    }
    return 'ok';
  }

  /** All tokens at the rule's places must be good; the last found is looked at first. */
  #rule(rule: CompiledRule): TokenStatus {
    clearOwnHeaders(this.#view, rule);
    const found = rule.locations.flatMap((location) => location(this.#view, this.#work.budget));
    if (this.#work.budget.isSearchSpent) return 'verificationFails';
    for (const { text, removeFrom } of found.toReversed()) {
      const result = verifyToken(text, rule, this.#keySets, this.#nowMs, this.#work);
      if (result.status !== 'ok') {
        this.#unknownKid ??= result.unknownKid;
        return result.status;
      }
      this.#accept(rule, result.token, result.claims);
      if (!rule.rule.forwardOriginalToken) removeFrom(this.#view);
    }
    return found.length === 0 ? 'missing' : 'ok';
  }

  #accept({ rule }: CompiledRule, token: VerifiedParts, claims: Claims): void {
    if (rule.outputPayloadToHeader !== '') {
      this.#view.addHeader(rule.outputPayloadToHeader.toLowerCase(), token.payloadText);
    }
    for (const { header, claim } of rule.outputClaimToHeaders) {
      const value = claimText(token.payload, claim);
      if (value !== undefined) this.#view.addHeader(header.toLowerCase(), value);
    }
    this.#accepted = { rule, token, claims };
  }

  verdict(status: TokenStatus, uri: string): TokenOutcome {
    const unknownKid = this.#unknownKid;
    if (status !== 'ok') return { ...refusal(status, uri), unknownKid };
    const effects = this.#view.effects();
    if (this.#accepted === undefined) return { outcome: 'none', effects, unknownKid };
    const { rule, token, claims } = this.#accepted;
    const requestPrincipal = token.iss === '' || token.sub === '' ? '' : `${token.iss}/${token.sub}`;
    return { outcome: 'accepted', rule, claims, requestPrincipal, effects, unknownKid };
  }
}

function mostTelling(faults: readonly TokenFault[]): TokenFault {
  let final: TokenFault = 'missing';
  for (const fault of faults) {
    if ((fault !== 'missing' && fault !== 'unknownIssuer') || final === 'missing') final = fault;
  }
  return final;
}
