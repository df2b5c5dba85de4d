/**
 * What tokens of a tenant may claim: which conditions on claims can hold at all.
 * @module
 */
import type { TextFact, TextPattern } from '../../../policy/model.ts';
import { ALL, type Region } from '../../regions/diagrams.ts';
import { languageDomain } from '../../regions/languages.ts';
import { anyOf } from '../../regions/pattern-automaton.ts';
import type { RequestSpace } from '../../regions/request-space.ts';
import { readPattern, type Tenant } from './tenants.ts';

/** The requests whose tokens claim no more than a tenant's may; claims that are not named are in none. */
export function allowedClaims(space: RequestSpace, { claims }: Tenant): Region {
  if (claims === undefined) return ALL;
  const { diagrams } = space;
  const texts = languageDomain({ universe: [[anyOf()]] });
  let out: Region = ALL;
  for (const [variable, flag] of space.flags) {
    const { fact, any } = JSON.parse(flag) as { readonly fact: TextFact; readonly any: readonly TextPattern[] }; // as `flagOf` was given it
    if (fact.of !== 'claim') continue;
    const name = fact.path.join('.');
    const may = Object.hasOwn(claims, name) ? claims[name]! : [];
    const both = texts.and(texts.ofPatterns(any), texts.ofPatterns(may.map((each) => readPattern(each))));
    if (both === 0) out = diagrams.and(out, diagrams.where(variable, 2));
  }
  return out;
}
