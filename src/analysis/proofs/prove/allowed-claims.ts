/**
 * What tokens of a tenant may claim: which conditions on claims can hold at all.
 * @module
 */
import { matches } from '../../../policy/evaluate/plain-match.ts';
import type { TextFact, TextPattern, TokenRule } from '../../../policy/model.ts';
import { ALL, type Region } from '../../regions/diagrams.ts';
import type { RequestSpace } from '../../regions/request-space.ts';
import { audienceForms, type TokenLimits } from '../token-claims.ts';
import { readPattern, type Tenant } from './tenants.ts';

/** Claims that tokens have whatever a tenant's may hold: RFC 7519 section 4.1, and `azp` of OpenID Connect Core section 2. */
const registered = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'azp']);

/** The part of a region whose tokens are a tenant's, and are accepted by one of the rules. */
export function withTokensOf(
  tenant: Tenant,
  region: Region,
  rules: readonly TokenRule[],
  { space, limits }: { readonly space: RequestSpace; readonly limits: TokenLimits },
): Region {
  if (tenant.claims === undefined) return region;
  const { diagrams } = space;
  const allowed = diagrams.and(region, allowedClaims(space, tenant));
  if (rules.length === 0) return allowed; // no token is looked at there
  const own = rulesFor(tenant, rules);
  return diagrams.and(allowed, own.length === 0 ? limits.withoutToken : limits.of(own));
}

/** The rules that may accept a token of a tenant: of an issuer and an audience that it may name. */
export function rulesFor({ claims }: Tenant, rules: readonly TokenRule[]): readonly TokenRule[] {
  if (claims === undefined) return rules;
  const mayBe = (name: string, values: readonly string[]): boolean =>
    values.length === 0 ||
    !Object.hasOwn(claims, name) ||
    claims[name]!.some((text) => values.some((value) => matches(patternOf(text), value)));
  return rules.filter(
    ({ issuer, audiences }) =>
      mayBe('iss', issuer === '' ? [] : [issuer]) && mayBe('aud', audiences.flatMap(audienceForms)),
  );
}

/**
 * The requests whose tokens claim no more than a tenant's may. Of claims that are not named, those that are registered may hold
 * anything, and the others are in none.
 */
function allowedClaims(space: RequestSpace, { claims }: Tenant): Region {
  if (claims === undefined) return ALL;
  const { diagrams } = space;
  let out: Region = ALL;
  for (const { id, fact, domain } of space.lists.values()) {
    if (fact.of !== 'claim') continue;
    const name = fact.path.join('.');
    const isNamed = Object.hasOwn(claims, name);
    if (!isNamed && isRegistered(fact)) continue;
    const may = isNamed ? claims[name]! : [];
    const language = domain.texts.ofPatterns(may.map(patternOf));
    out = diagrams.and(out, diagrams.where(id, domain.within(language)));
  }
  return out;
}

const isRegistered = ({ path: [name, ...inner] }: Extract<TextFact, { of: 'claim' }>): boolean =>
  name !== undefined && inner.length === 0 && registered.has(name);

/** A star is any value, the empty one too. */
const patternOf = (text: string): TextPattern => (text === '*' ? { is: 'present' } : readPattern(text));
