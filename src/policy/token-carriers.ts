/**
 * Where tokens travel by the policies in force: what must not be shown to people.
 * @module
 */
import type { PolicyModel, TokenRule } from './model.ts';

/** Names under which tokens travel; headers are lower-case. */
export interface TokenCarriers {
  readonly headers: ReadonlySet<string>;
  readonly params: ReadonlySet<string>;
  readonly cookies: ReadonlySet<string>;
}

/** The places of every token rule, and the headers that receive claims. */
export function tokenCarriers(model: PolicyModel): TokenCarriers {
  const headers = new Set<string>();
  const params = new Set<string>();
  const cookies = new Set<string>();
  for (const stage of model.planes.flatMap(({ stages }) => stages)) {
    if (stage.kind !== 'token') continue;
    for (const rule of stage.policies.flatMap(({ rules }) => rules)) {
      for (const { name } of rule.fromHeaders) headers.add(name.toLowerCase());
      for (const { header } of rule.outputClaimToHeaders) headers.add(header.toLowerCase());
      if (rule.outputPayloadToHeader !== '') headers.add(rule.outputPayloadToHeader.toLowerCase());
      for (const name of rule.fromParams) params.add(name);
      for (const name of rule.fromCookies) cookies.add(name);
    }
  }
  return { headers, params, cookies };
}

/** Where a rule looks for tokens. */
export type TokenPlaces = Pick<TokenRule, 'fromHeaders' | 'fromParams' | 'fromCookies'>;

const usualPlaces: TokenPlaces = {
  fromHeaders: [{ name: 'authorization', prefix: 'Bearer ' }],
  fromParams: ['access_token'],
  fromCookies: [],
};

/** The places of a rule; one that names none looks where bearer tokens usually are (RFC 6750). */
export function tokenPlaces(rule: TokenPlaces): TokenPlaces {
  const { fromHeaders, fromParams, fromCookies } = rule;
  return fromHeaders.length + fromParams.length + fromCookies.length > 0 ? rule : usualPlaces;
}
