/**
 * What tokens of a tenant may claim: which conditions on claims can hold at all.
 * @module
 */
import { ALL, type Region } from '../../regions/diagrams.ts';
import type { RequestSpace } from '../../regions/request-space.ts';
import { readPattern, type Tenant } from './tenants.ts';

/** The requests whose tokens claim no more than a tenant's may; claims that are not named are in none. */
export function allowedClaims(space: RequestSpace, { claims }: Tenant): Region {
  if (claims === undefined) return ALL;
  const { diagrams } = space;
  let out: Region = ALL;
  for (const { id, fact, domain } of space.lists.values()) {
    if (fact.of !== 'claim') continue;
    const name = fact.path.join('.');
    const may = Object.hasOwn(claims, name) ? claims[name]! : [];
    const language = domain.texts.ofPatterns(may.map((each) => readPattern(each)));
    out = diagrams.and(out, diagrams.where(id, domain.within(language)));
  }
  return out;
}
