/**
 * Conditions on who calls and who is called, of parties that may be anybody: each answer that a party can give is a variable of its own.
 *
 * More may hold together here than any party can make hold. So what is contained in something here is contained in it for all.
 * @module
 */
import { type IpRange, parseCidr, unmappedRange } from '../../../../lib/ip-address.ts';
import type { LabelExpr } from '../../../../policy/meaning/labels.ts';
import type { Absence, Atom, Plane } from '../../../../policy/model.ts';
import type { Truths } from '../../../proofs/truths.ts';
import { ALL, type Diagrams, type Region } from '../../../regions/diagrams.ts';
import { maskDomain } from '../../../regions/domain.ts';
import type { RequestSpace } from '../../../regions/request-space.ts';
import { visitAtoms } from '../../../universe/asked-ranges.ts';
import { createAddressSegments } from './address-segments.ts';
import type { Selections } from './selections.ts';

/** What parties answer. */
export interface FreeParties {
  /** What an atom of addresses or the registry is. */
  truthsOf(atom: Exclude<Atom, { op: 'text' | 'port' | 'protocol' }>): Truths;
  /** The region without what no party can answer, as far as selectors tell. */
  possible(region: Region): Region;
  /** The region without parties of whom nothing is known, and those of two selectors that no one pod satisfies. */
  ofOnePod(region: Region): Region;
  /** Whether some party may answer so: sets of values by their variables. */
  canAnswer(chosen: ReadonlyMap<number, number>): boolean;
  /** The same of parties who are known, each with the labels of one pod. */
  canAnswerAsOnePod(chosen: ReadonlyMap<number, number>): boolean;
}

type AddressAtom = Extract<Atom, { op: 'address' }>;

/** One selector that is asked of an end. */
interface Asked {
  readonly end: string;
  readonly selector: LabelExpr;
  /** The variables on which it holds, and on which it does not; on neither it is unknown. */
  readonly holds: number;
  readonly fails: number;
}

/** Makes variables for what parties can answer. */
export function createFreeParties(
  planes: readonly Plane[],
  { diagrams }: RequestSpace,
  absence: Absence,
  selections: Selections,
): FreeParties {
  const addresses = createAddressSegments(rangesIn(planes));
  const ends = new Map<AddressAtom['fact'], { readonly id: number; readonly isKnown: Region }>();
  const asked = new Map<number, Asked>();
  const known = new Map<string, Truths>();
  const newFlag = (): number => diagrams.addVariable(maskDomain(2));
  const endOf = (fact: AddressAtom['fact']) => {
    const made = ends.get(fact) ?? {
      id: diagrams.addVariable(addresses.domain),
      isKnown: diagrams.where(newFlag(), 1),
    };
    ends.set(fact, made);
    return made;
  };
  const ofAddress = (atom: AddressAtom): Truths => {
    const { id, isKnown } = endOf(atom.fact);
    const yes = diagrams.and(isKnown, diagrams.where(id, addresses.of(rangesOf(atom))));
    return { yes, no: absence === 'strict' ? diagrams.minus(isKnown, yes) : diagrams.not(yes) };
  };
  const ofRegistry = (atom: Exclude<Atom, { op: 'text' | 'port' | 'protocol' | 'address' }>): Truths => {
    const [holds, fails] = [newFlag(), newFlag()];
    if (atom.op === 'endpoint') {
      const end = `${atom.end} ${atom.byHops}`;
      const one = { end, selector: atom.selector, holds, fails };
      for (const variable of [holds, fails]) asked.set(variable, one);
    }
    const yes = diagrams.where(holds, 1);
    return { yes, no: diagrams.minus(diagrams.where(fails, 1), yes) };
  };
  return {
    truthsOf(atom) {
      const key = JSON.stringify(atom);
      const truths = known.get(key) ?? (atom.op === 'address' ? ofAddress(atom) : ofRegistry(atom));
      known.set(key, truths);
      return truths;
    },
    canAnswer(chosen) {
      const those = new Set([...chosen.keys()].flatMap((variable) => asked.get(variable) ?? []));
      const answered = (is: number): Asked[] => [...those].filter(({ holds }) => chosen.get(holds) === is);
      const denied = answered(2);
      return (
        denied.length === 0 ||
        !answered(1).some(({ end, selector }) =>
          denied.some((other) => other.end === end && selections.implies(selector, other.selector)),
        )
      );
    },
    canAnswerAsOnePod(chosen) {
      const those = new Set([...chosen.keys()].flatMap((variable) => asked.get(variable) ?? []));
      for (const own of Map.groupBy(those, ({ end }) => end).values()) {
        const said = own.map(({ selector, holds, fails }) => ({
          selector,
          is: chosen.get(holds) === 1 || (chosen.get(holds) === undefined && chosen.get(fails) === 2),
          isUnknown: chosen.get(holds) === 2 && chosen.get(fails) === 2,
        }));
        if (said.some(({ isUnknown }) => isUnknown)) return false;
        const [wanted, unwanted] = [true, false].map((is) =>
          said.filter((one) => one.is === is).map(({ selector }) => selector),
        );
        if (!selections.some(wanted!, unwanted!)) return false; // both are there
      }
      return true;
    },
    possible: (region) => diagrams.and(region, agreeing(askedIn(region, diagrams, asked), diagrams, selections)),
    ofOnePod: (region) => diagrams.and(region, apart(askedIn(region, diagrams, asked), diagrams, selections)),
  };
}

const rangesOf = ({ any, unmap }: AddressAtom): IpRange[] =>
  any.flatMap(({ text }) => {
    const range = parseCidr(text);
    return range === undefined ? [] : [unmap === true ? unmappedRange(range) : range];
  });

function rangesIn(planes: readonly Plane[]): readonly IpRange[] {
  const out: IpRange[] = [];
  visitAtoms(planes, (atom) => {
    if (atom.op === 'address') out.push(...rangesOf(atom));
  });
  return out;
}

/** The selectors that a region asks. */
function askedIn(region: Region, diagrams: Diagrams, asked: ReadonlyMap<number, Asked>): readonly Asked[] {
  const out = new Set<Asked>();
  const seen = new Set<Region>();
  const queue = [region];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const { variable, edges } = diagrams.nodeOf(at);
    const one = asked.get(variable);
    if (one !== undefined) out.add(one);
    for (const { to } of edges) queue.push(to);
  }
  return [...out];
}

/** Where one selector implies another, who satisfies the one satisfies the other. */
function agreeing(asked: readonly Asked[], diagrams: Diagrams, { implies }: Selections): Region {
  let out: Region = ALL;
  const unless = (a: number, b: number): Region => diagrams.or(diagrams.where(a, 2), diagrams.where(b, 1));
  for (const one of asked)
    for (const other of asked)
      if (one !== other && one.end === other.end && implies(one.selector, other.selector))
        out = diagrams.and(out, unless(one.holds, other.holds));
  return out;
}

/** Who is there is known; and where no labels satisfy two selectors, an end is of one of them at most. */
function apart(asked: readonly Asked[], diagrams: Diagrams, { agree }: Selections): Region {
  let out: Region = ALL;
  for (const [i, one] of asked.entries()) {
    out = diagrams.and(out, diagrams.or(diagrams.where(one.holds, 1), diagrams.where(one.fails, 1)));
    for (const other of asked.slice(i + 1))
      if (one.end === other.end && !agree(one.selector, other.selector))
        out = diagrams.and(out, diagrams.or(diagrams.where(one.holds, 2), diagrams.where(other.holds, 2)));
  }
  return out;
}
