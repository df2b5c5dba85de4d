/**
 * Which answers to conditions on one fact of many values go together: a header that is `a` for one condition is there for another.
 * @module
 */
import { BoundMet } from '../../../regions/bound.ts';
import { ALL, type Diagrams, NONE, type Region } from '../../../regions/diagrams.ts';
import { languageDomain } from '../../../regions/languages.ts';
import { anyOf } from '../../../regions/pattern-automaton.ts';
import type { Flag, Flags } from './flags.ts';

/** Kinds of values of one header that are told apart: beyond, the answer is not known. */
const MOST_KINDS = 256;

/** Makes the function that takes out of a region what no request can be. @throws BoundMet */
export function createFeasible(diagrams: Diagrams, flags: Flags): (region: Region) => Region {
  const texts = languageDomain({ universe: [[anyOf()]] });
  const known = new Map<Region, Region>();
  const constraints = new Map<string, Region>();
  const constraintOf = (those: readonly Flag[]): Region => {
    const name = those.map(({ variable }) => variable).join();
    let made = constraints.get(name);
    if (made === undefined) {
      made = together(those);
      constraints.set(name, made);
    }
    return made;
  };
  /** Each flag that holds is held by one value, which fits no condition that does not hold. */
  const together = (those: readonly Flag[]): Region => {
    const kinds = kindsOfValues(those.map(({ any }) => texts.ofPatterns(any)));
    const holds = (i: number, is: boolean): Region => diagrams.where(those[i]!.variable, is ? 1 : 2);
    let out: Region = ALL;
    for (const [i] of those.entries()) {
      let byOne: Region = NONE;
      for (const kind of kinds) {
        if (!kind.includes(i)) continue;
        const others = those.flatMap((_, j) => (kind.includes(j) ? [holds(j, true)] : []));
        byOne = diagrams.or(
          byOne,
          others.reduce((all, each) => diagrams.and(all, each), ALL),
        );
      }
      out = diagrams.and(out, diagrams.or(holds(i, false), byOne));
    }
    return out;
  };
  /** Which conditions each kind of value fits; of values that fit none nothing is said. */
  const kindsOfValues = (languages: readonly number[]): readonly (readonly number[])[] => {
    let kinds: { readonly set: number; readonly fits: readonly number[] }[] = [{ set: texts.full, fits: [] }];
    for (const [i, language] of languages.entries()) {
      kinds = kinds.flatMap(({ set, fits }) => {
        const [inner, outer] = [texts.and(set, language), texts.minus(set, language)];
        return [
          ...(inner === 0 ? [] : [{ set: inner, fits: [...fits, i] }]),
          ...(outer === 0 ? [] : [{ set: outer, fits }]),
        ];
      });
      if (kinds.length > MOST_KINDS)
        throw new BoundMet(`more than ${MOST_KINDS} kinds of values of one header or claim`);
    }
    return kinds.map(({ fits }) => fits).filter((fits) => fits.length > 0);
  };
  return (region) => {
    let made = known.get(region);
    if (made === undefined) {
      const asked = flags.in(region);
      made = region;
      for (const own of Map.groupBy(asked, ({ fact }) => fact).values()) made = diagrams.and(made, constraintOf(own));
      known.set(region, made);
    }
    return made;
  };
}
