/**
 * What the tokens that a workload accepts may claim: an issuer of one of its rules, an audience that the rule takes.
 * @module
 */
import type { TokenRule } from '../../policy/model.ts';
import { ALL, NONE, type Region } from '../regions/diagrams.ts';
import { remembered } from '../regions/domain.ts';
import type { ListVariable, RequestSpace } from '../regions/request-space.ts';

/** Forms in which a token may name an audience: jwt_authn looks at none of scheme and last slash. */
export function audienceForms(audience: string): readonly string[] {
  const plain = audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return [audience, ...['', 'https://', 'http://'].flatMap((scheme) => [`${scheme}${plain}`, `${scheme}${plain}/`])];
}

/** Which requests there are, of a workload that accepts tokens by rules. */
export interface TokenLimits {
  /** Requests without a token. */
  readonly withoutToken: Region;
  /** Requests whose token a rule accepts. */
  acceptedBy(rule: TokenRule): Region;
  /** Requests whose token, if any, is accepted by one of the rules. */
  of(rules: readonly TokenRule[]): Region;
  /** The region without what is no such request; equal requests, equal region: claims that need not be told are not asked. */
  within(region: Region, rules: readonly TokenRule[]): Region;
}

/** Makes the limits of a space. */
export function createTokenLimits(space: RequestSpace): TokenLimits {
  const { diagrams } = space;
  const claims = [...space.lists.values()].filter(({ fact }) => fact.of === 'claim');
  const ids = new Set(claims.map(({ id }) => id));
  const where = ({ id }: ListVariable, set: number): Region => diagrams.where(id, set);
  const all = (regions: readonly Region[]): Region => regions.reduce((a, b) => diagrams.and(a, b), ALL);
  const issuers = space.listOf({ of: 'claim', path: ['iss'] });
  const audience = space.listOf({ of: 'claim', path: ['aud'] });
  const withoutToken = all(claims.map((claim) => where(claim, claim.domain.empty)));
  const acceptedBy = (rule: TokenRule): Region => {
    const isNamed =
      issuers === undefined || rule.issuer === '' ? ALL : where(issuers, issuers.domain.holding(rule.issuer));
    if (audience === undefined || rule.audiences.length === 0) return isNamed;
    const forms = rule.audiences.flatMap(audienceForms).map((form) => where(audience, audience.domain.holding(form)));
    return diagrams.and(
      isNamed,
      forms.reduce((a, b) => diagrams.or(a, b), NONE),
    );
  };
  const known = new WeakMap<readonly TokenRule[], Region>();
  const cut = remembered((exact, limits): Region => {
    let out = exact;
    const plainer = (made: Region): void => {
      if (diagrams.and(made, limits) === exact) out = made;
    };
    for (const id of ids) plainer(diagrams.without(id, out));
    for (const { id, domain } of [issuers, audience].filter((one) => one !== undefined))
      for (const kind of domain.kinds.keys())
        plainer(diagrams.widened(id, out, (set) => domain.and(domain.diagrams.without(kind, set), domain.full)));
    return out;
  });
  const of = (rules: readonly TokenRule[]): Region => {
    const made =
      known.get(rules) ??
      (claims.length === 0 || rules.length === 0
        ? ALL
        : rules.reduce((out, rule) => diagrams.or(out, acceptedBy(rule)), withoutToken));
    known.set(rules, made);
    return made;
  };
  return {
    ...{ withoutToken, acceptedBy, of },
    within(region, rules) {
      const limits = of(rules);
      if (limits === ALL || !diagrams.variablesOf(region).some((variable) => ids.has(variable))) return region;
      return cut(diagrams.and(region, limits), limits);
    },
  };
}
