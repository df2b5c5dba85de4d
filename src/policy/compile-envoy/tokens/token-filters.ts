/**
 * Which of a workload's token rules jwt_authn is given, or why none of them.
 *
 * What is given to it is judged as Check judges it. Where the two might differ, whoever may bring a token asks.
 * @module
 */
import type { TokenRule } from '../../model.ts';
import { tokenPlaces } from '../../token-carriers.ts';

/** The keys of one source, as far as others may have them. */
export interface TokenKeys {
  /** A JWKS as JSON text, of just the public keys by which Check verifies; undefined: there are none, and no token is accepted. */
  readonly jwks: string | undefined;
  /** Some of the keys are secrets that sign as well: they are given to nobody. */
  readonly hasSecrets: boolean;
  /** What it costs Check to try all of them, in the unit of `MOST_COST`. */
  readonly cost: number;
}

/** By `KeySource.id`. */
export type TokenKeySets = ReadonlyMap<string, TokenKeys>;

/** One rule with keys. */
export interface TokenProvider {
  readonly rule: TokenRule;
  readonly jwks: string;
}

/** Check gives up beyond, and refuses what Envoy accepts. */
const MOST_COST = 200;
/** The tree looks at each for each token. */
const MOST_RULES = 16;

/** The rules with keys, in their order and one at least, or why every token asks. Rules of which no key has come accept nothing: who brings a token for them asks. */
export function tokenProviders(
  rules: readonly TokenRule[],
  keySets: TokenKeySets,
): { readonly providers: readonly TokenProvider[] } | { readonly asks: string } {
  if (rules.length > MOST_RULES) return { asks: `more than ${MOST_RULES} token rules apply` };
  let cost = 0;
  const providers: TokenProvider[] = [];
  for (const rule of rules) {
    const keys = keySets.get(rule.keys.id);
    const { fromHeaders, fromParams, fromCookies } = tokenPlaces(rule);
    if (fromHeaders.some(({ prefix }) => /[\0\r\n]/.test(prefix)))
      return { asks: 'the prefix of a token rule holds a line break' };
    if (keys?.hasSecrets === true) return { asks: `the key set ${rule.keys.id} holds secrets, which stay here` };
    if (keys?.jwks === undefined) continue;
    cost += keys.cost * (fromHeaders.length + fromParams.length + fromCookies.length);
    if (cost > MOST_COST)
      return { asks: 'so many keys and places of tokens are tried up to a bound, which Envoy has not' };
    providers.push({ rule, jwks: keys.jwks });
  }
  return providers.length === 0 ? { asks: 'no key has come to verify them by' } : { providers };
}

/** Whether verification changes requests: it takes tokens out, or writes headers. */
export const hasEffects = ({ rule }: TokenProvider): boolean =>
  !rule.forwardOriginalToken || rule.outputPayloadToHeader !== '' || rule.outputClaimToHeaders.length > 0;
