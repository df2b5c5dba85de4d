/**
 * Sets of lists in few words: alternatives of which each says of which values there are some, and of which there are none.
 * @module
 */
import { ALL, type Diagrams, NONE, type Region } from '../diagrams.ts';
import { type ListDomain, MISSING, PRESENT } from './list-domain.ts';

/** Languages as sets of the domain's texts. */
export interface ListPart {
  /** Of each of these there is a value. */
  readonly some: readonly number[];
  /** Of this one there is none; 0 if nothing is said. */
  readonly none: number;
}

const MOST_CLAUSES = 16;

/** The alternatives of a set, apart from each other. */
export function listParts(domain: ListDomain, set: number): readonly ListPart[] {
  const { languageOf } = domain;
  if (domain.isSingle) return [singlePart(domain, set)];
  return alternatives(domain.diagrams, set).map(({ some, none }) => ({
    some: some.map(languageOf),
    none: languageOf(none),
  }));
}

/** One value at most: it is one of these, or there is none of the others. */
function singlePart(domain: ListDomain, set: number): ListPart {
  const { diagrams, empty, languageOf } = domain;
  const all = domain.kinds.map((_, kind) => kind);
  const isIn = (kind: number): boolean =>
    diagrams.and(diagrams.and(set, domain.full), diagrams.where(kind, PRESENT)) !== NONE;
  return diagrams.and(set, empty) === NONE
    ? { some: [languageOf(all.filter(isIn))], none: 0 }
    : { some: [], none: languageOf(all.filter((kind) => !isIn(kind))) };
}

interface Alternative {
  readonly some: readonly (readonly number[])[];
  readonly none: readonly number[];
}

function alternatives(diagrams: Diagrams, set: Region): readonly Alternative[] {
  if (set === NONE) return [];
  if (set === ALL) return [{ some: [], none: [] }];
  const asked = diagrams.variablesOf(set);
  const none = asked.filter((kind) => diagrams.and(set, diagrams.where(kind, PRESENT)) === NONE);
  if (none.length > 0) {
    const rest = none.reduce((left, kind) => diagrams.without(kind, left), set);
    return alternatives(diagrams, rest).map((one) => ({ ...one, none: [...none, ...one.none] }));
  }
  const clauses = isRising(diagrams, set) ? clausesOf(diagrams, set) : undefined;
  if (clauses !== undefined) return [{ some: clauses, none: [] }];
  const [first, ...others] = asked;
  const alike = [first!, ...others.filter((kind) => areAlike(diagrams, set, first!, kind))]; // something is asked
  const without = alike.reduce((left, kind) => given(diagrams, left, kind, MISSING), set);
  const having = alike.reduce((left, kind) => given(diagrams, left, kind, kind === first ? PRESENT : MISSING), set);
  return [
    ...alternatives(diagrams, having).map((one) => ({ ...one, some: [alike, ...one.some] })),
    ...alternatives(diagrams, without).map((one) => ({ ...one, none: [...alike, ...one.none] })),
  ];
}

/** The set of what is left to be said where it is known whether a kind is there. */
const given = (diagrams: Diagrams, set: Region, kind: number, is: number): Region =>
  diagrams.without(kind, diagrams.and(set, diagrams.where(kind, is)));

/** Whether it is the same which of two kinds is there, and whether both are. */
function areAlike(diagrams: Diagrams, set: Region, a: number, b: number): boolean {
  const [withA, withoutA] = [given(diagrams, set, a, PRESENT), given(diagrams, set, a, MISSING)];
  const both = given(diagrams, withA, b, PRESENT);
  return both === given(diagrams, withA, b, MISSING) && both === given(diagrams, withoutA, b, PRESENT);
}

/** The nodes that follow where the kind of a node is there, and where it is not. */
function branchesOf(diagrams: Diagrams, set: Region): { kind: number; there: Region; missing: Region } {
  const { variable, edges } = diagrams.nodeOf(set);
  const next = (is: number): Region => edges.find((edge) => (edge.set & is) !== 0)?.to ?? NONE;
  return { kind: variable, there: next(PRESENT), missing: next(MISSING) };
}

/** Whether more values never take a list out of the set. */
function isRising(diagrams: Diagrams, set: Region): boolean {
  if (set === ALL || set === NONE) return true;
  const { there, missing } = branchesOf(diagrams, set);
  return diagrams.minus(missing, there) === NONE && isRising(diagrams, there) && isRising(diagrams, missing);
}

/** Kinds of each of which sets a list of a rising set holds one; undefined if they are too many. */
function clausesOf(diagrams: Diagrams, set: Region): readonly (readonly number[])[] | undefined {
  if (set === ALL) return [];
  if (set === NONE) return [[]];
  const { kind, there, missing } = branchesOf(diagrams, set);
  const [own, others] = [clausesOf(diagrams, there), clausesOf(diagrams, missing)];
  if (own === undefined || others === undefined) return undefined;
  const isSaid = (clause: readonly number[]): boolean => own.some((one) => one.every((each) => clause.includes(each)));
  const out = [...own, ...others.filter((clause) => !isSaid(clause)).map((clause) => [kind, ...clause])];
  return out.length > MOST_CLAUSES ? undefined : out;
}
