/**
 * What the tokens that a workload accepts may claim: an issuer of one of its rules, an audience that the rule takes.
 * @module
 */
import { matches } from '../../policy/evaluate/plain-match.ts';
import type { TextPattern, TokenRule } from '../../policy/model.ts';
import { ALL, NONE, type Region } from '../regions/diagrams.ts';
import { flagsIn } from '../regions/flags-in.ts';
import type { RequestSpace } from '../regions/request-space.ts';

interface ClaimFlag {
  readonly variable: number;
  readonly path: string;
  readonly any: readonly TextPattern[];
}

/** Forms in which a token may name an audience: jwt_authn looks at none of scheme and last slash. */
export function audienceForms(audience: string): readonly string[] {
  const plain = audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return [audience, ...['', 'https://', 'http://'].flatMap((scheme) => [`${scheme}${plain}`, `${scheme}${plain}/`])];
}

/** Takes out of regions what no accepted token claims. */
export function createTokenLimits(space: RequestSpace): (region: Region, rules: readonly TokenRule[]) => Region {
  const { diagrams } = space;
  const known = new Map<string, Region>();
  const holds = ({ variable }: ClaimFlag, is: boolean): Region => diagrams.where(variable, is ? 1 : 2);
  const all = (regions: readonly Region[]): Region => regions.reduce((a, b) => diagrams.and(a, b), ALL);
  const limitsOf = (flags: readonly ClaimFlag[], rules: readonly TokenRule[]): Region => {
    let out = all(flags.map((flag) => holds(flag, false))); // no token
    for (const { issuer, audiences } of rules) {
      const ofIssuer = issuer === '' ? [] : flags.filter(({ path }) => path === 'iss');
      const ofAudience = audiences.length === 0 ? [] : flags.filter(({ path }) => path === 'aud');
      const named = all(ofIssuer.map((flag) => holds(flag, fits(flag, issuer))));
      const forUs = audiences
        .flatMap(audienceForms)
        .map((form) => all(ofAudience.filter((flag) => fits(flag, form)).map((flag) => holds(flag, true))));
      const some = audiences.length === 0 ? ALL : forUs.reduce((a, b) => diagrams.or(a, b), NONE);
      out = diagrams.or(out, diagrams.and(named, some));
    }
    return out;
  };
  return (region, rules) => {
    if (space.flags.size === 0 || rules.length === 0) return region;
    const flags = claimsIn(region, space);
    if (flags.length === 0) return region;
    const key = JSON.stringify([
      flags.map(({ variable }) => variable),
      rules.map(({ issuer, audiences }) => [issuer, audiences]),
    ]);
    const limits = known.get(key) ?? limitsOf(flags, rules);
    known.set(key, limits);
    return diagrams.and(region, limits);
  };
}

const fits = ({ any }: Pick<ClaimFlag, 'any'>, value: string): boolean =>
  any.some((pattern) => matches(pattern, value));

/** The conditions on claims that a region asks. */
const claimsIn = (region: Region, space: RequestSpace): readonly ClaimFlag[] =>
  flagsIn(region, space).flatMap(({ variable, fact, any }) =>
    fact.of === 'claim' ? [{ variable, path: fact.path.join('.'), any }] : [],
  );
