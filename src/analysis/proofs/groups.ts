/**
 * Parties put together by what a list of conditions says of them.
 * @module
 */
import type { Party } from '../universe/party.ts';
import type { Conditions, NumberedAtom } from './conditions.ts';
import type { Truths } from './truths.ts';

/** What an atom is for all parties: the same for most of them. */
interface Column {
  readonly others: readonly { readonly at: number; readonly truths: number }[];
}

/** Parties in groups. */
export interface Groups {
  /** The group of each party, from 0. */
  readonly of: Int32Array;
  /** One party of each group, by its place. */
  readonly firsts: readonly number[];
}

/** Puts parties in groups, each of which all the atoms say the same of. Cost grows with the parties that an atom tells apart. */
export function createGrouping(
  parties: readonly Party[],
  conditions: Pick<Conditions, 'ofParties'>,
  apart: (party: Party) => number,
): (atoms: readonly NumberedAtom[]) => Groups {
  const columns = new Map<number, Column>();
  const numbers = new Map<Truths, number>();
  const columnOf = (atom: NumberedAtom): Column => {
    let column = columns.get(atom.id);
    if (column === undefined) {
      column = sparse(conditions.ofParties(atom, parties).map((truths) => numberOf(numbers, truths)));
      columns.set(atom.id, column);
    }
    return column;
  };
  const start = Int32Array.from(parties, apart);
  const first = start.reduce((most, group) => Math.max(most, group), -1) + 1;
  const known = new Map<string, Groups>();
  return (atoms) => {
    const key = atoms.map(({ id }) => id).join();
    const made = known.get(key) ?? grouped(atoms);
    known.set(key, made);
    return made;
  };

  function grouped(atoms: readonly NumberedAtom[]): Groups {
    const of = start.slice();
    let count = first;
    for (const atom of atoms) {
      const split = new Map<number, number>();
      for (const { at, truths } of columnOf(atom).others) {
        const key = of[at]! * SPLITS + truths;
        let group = split.get(key);
        if (group === undefined) {
          group = count++;
          split.set(key, group);
        }
        of[at] = group;
      }
    }
    return renumbered(of);
  }
}

const SPLITS = 2 ** 24;

function numberOf(numbers: Map<Truths, number>, truths: Truths): number {
  let number = numbers.get(truths);
  if (number === undefined) {
    number = numbers.size;
    numbers.set(truths, number);
  }
  return number;
}

function sparse(values: readonly number[]): Column {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [most = -1] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return { others: values.flatMap((truths, at) => (truths === most ? [] : [{ at, truths }])) };
}

/** Groups from 0, none of them empty. */
function renumbered(of: Int32Array): Groups {
  const numbers = new Map<number, number>();
  const firsts: number[] = [];
  for (let at = 0; at < of.length; at++) {
    let group = numbers.get(of[at]!);
    if (group === undefined) {
      group = firsts.length;
      numbers.set(of[at]!, group);
      firsts.push(at);
    }
    of[at] = group;
  }
  return { of, firsts };
}
