/**
 * Writes the configuration of Envoy's jwt_authn for a workload's token rules: once before the tree, where tokens are verified and nothing
 * is refused or changed, and once behind it, where an allowed request is changed as Istio has it changed.
 *
 * The request that asks is asked about as the caller has sent it, so nothing may be taken out of it before.
 * @module
 */
import { bytesField, numberField, toBytes } from '../tree/proto-bytes.ts';
import type { TokenProvider } from './token-filters.ts';
import { hasEffects } from './token-filters.ts';
import { faultKey, goodKey, PAYLOAD } from './token-names.ts';

/** Two configurations, each a serialized `envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication`. */
export interface JwtAuthn {
  readonly verify: Uint8Array;
  /** Undefined: verification changes nothing. */
  readonly effects: Uint8Array | undefined;
}

/** The filter state by which the second filter knows that the tree has decided; two characters of the action's name. */
export const decidedState = { key: 'gh.decided', value: 'n:' } as const;

/** Verified tokens that each of the filters knows again, of so many bytes at most. */
const CACHE = { tokens: 512, bytes: 4096 } as const;

/** Writes both. @param providers  one at least */
export function jwtAuthn(providers: readonly TokenProvider[]): JwtAuthn {
  const names = providers.map((_, index) => `rule-${index}`);
  return {
    verify: toBytes(verifying(providers, names)),
    effects: providers.some(hasEffects) ? toBytes(changing(providers, names)) : undefined,
  };
}

/** The first rule whose tokens are all good, else whatever it is: who is not accepted asks. */
function verifying(providers: readonly TokenProvider[], names: readonly string[]): string {
  const requirement = any([...names.map(byProvider), empty(5)]);
  const everyPath = bytesField(1, bytesField(1, '')) + bytesField(2, requirement);
  const found = (index: number): string =>
    numberField(5, 1) + // the token stays
    bytesField(9, PAYLOAD) +
    bytesField(14, goodKey(index)) +
    bytesField(16, faultKey(index)) +
    bytesField(18, repeated(1, providers[index]!.rule.spaceDelimitedClaims)); // of its own index
  return providersField(providers, names, found) + bytesField(2, everyPath) + PREFLIGHTS_PASS;
}

/** As Istio has it: each rule or no token, or any one rule; for what the tree has decided. */
function changing(providers: readonly TokenProvider[], names: readonly string[]): string {
  const each = names.map((name) => any([byProvider(name), empty(6)]));
  const requirement = each.length === 1 ? each[0]! : any([...names.map(byProvider), bytesField(4, repeated(1, each))]);
  const byState = bytesField(1, decidedState.key) + bytesField(3, entry(decidedState.value, requirement));
  const changes = (index: number): string => {
    const { forwardOriginalToken, outputPayloadToHeader, outputClaimToHeaders } = providers[index]!.rule; // of its own index
    return (
      numberField(5, forwardOriginalToken ? 1 : 0) +
      (outputPayloadToHeader === '' ? '' : bytesField(8, outputPayloadToHeader)) +
      outputClaimToHeaders
        .map(({ header, claim }) => bytesField(15, bytesField(1, header) + bytesField(2, claim)))
        .join('')
    );
  };
  return providersField(providers, names, changes) + bytesField(3, byState) + PREFLIGHTS_PASS;
}

/** `bypass_cors_preflight`. */
const PREFLIGHTS_PASS = numberField(4, 1);

const entry = (key: string, value: string): string => bytesField(1, key) + bytesField(2, value);
const repeated = (field: number, values: readonly string[]): string =>
  values.map((value) => bytesField(field, value)).join('');

/** Forms of a `JwtRequirement`. */
const byProvider = (name: string): string => bytesField(1, name);
const any = (requirements: readonly string[]): string => bytesField(3, repeated(1, requirements));
/** `allow_missing_or_failed` (5), `allow_missing` (6). */
const empty = (field: number): string => bytesField(field, '');

function providersField(
  providers: readonly TokenProvider[],
  names: readonly string[],
  more: (index: number) => string,
): string {
  return providers
    .map((provider, index) => bytesField(1, entry(names[index]!, source(provider) + more(index)))) // a name each
    .join('');
}

/** What is looked for where, and the keys. */
function source({ rule, jwks }: TokenProvider): string {
  const { issuer, audiences, fromHeaders, fromParams, fromCookies } = rule;
  return (
    bytesField(1, issuer) +
    repeated(2, audiences) +
    bytesField(4, bytesField(3, jwks)) +
    fromHeaders.map(({ name, prefix }) => bytesField(6, bytesField(1, name) + bytesField(2, prefix))).join('') +
    repeated(7, fromParams) +
    repeated(13, fromCookies) +
    bytesField(12, numberField(1, CACHE.tokens) + numberField(2, CACHE.bytes))
  );
}
