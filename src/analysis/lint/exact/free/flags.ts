/**
 * Conditions on facts of many values, such as headers: each a flag, a variable of its own; and which of them go together.
 *
 * The engine of proofs makes one variable of a fact, over the kinds of all values that are asked of it. Lint looks at few rules of many
 * at a time, and would pay for what the others ask.
 * @module
 */
import { nameOfFact } from '../../../../policy/meaning/fact-values.ts';
import type { TextFact, TextPattern } from '../../../../policy/model.ts';
import { type Diagrams, NONE, type Region } from '../../../regions/diagrams.ts';
import { maskDomain } from '../../../regions/domain.ts';

/** One condition on a fact of many values. */
export interface Flag {
  readonly variable: number;
  /** Equal names, equal fact. */
  readonly fact: string;
  readonly any: readonly TextPattern[];
}

/** Flags of one space. */
export interface Flags {
  /** Where one of the patterns fits a value of the fact. */
  where(fact: TextFact, any: readonly TextPattern[]): Region;
  of(variable: number): Flag | undefined;
  /** Those that a region asks, by variable. */
  in(region: Region): readonly Flag[];
}

/** Starts without any. */
export function createFlags(diagrams: Diagrams): Flags {
  const two = maskDomain(2);
  const byName = new Map<string, Region>();
  const byVariable = new Map<number, Flag>();
  return {
    where(fact, any) {
      if (any.length === 0) return NONE;
      const name = JSON.stringify([fact, any.map((pattern) => JSON.stringify(pattern)).sort()]);
      let region = byName.get(name);
      if (region === undefined) {
        const variable = diagrams.addVariable(two);
        byVariable.set(variable, { variable, fact: nameOfFact(fact), any });
        region = diagrams.where(variable, 1);
        byName.set(name, region);
      }
      return region;
    },
    of: (variable) => byVariable.get(variable),
    in: (region) => diagrams.variablesOf(region).flatMap((variable) => byVariable.get(variable) ?? []),
  };
}
