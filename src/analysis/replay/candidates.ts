/**
 * Values to try for what a log does not tell: one of each kind that the policies tell apart.
 * @module
 */
import { hashOfValue, type ToldValues } from '../../authz/record/logged-facts.ts';
import { parseIp } from '../../lib/ip-address.ts';
import type { IpAddress } from '../../policy/facts.ts';
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { AddressFact, Atom, PolicyModel, TextPattern } from '../../policy/model.ts';
import { emptyRegistry } from '../../policy/registry/registry.ts';
import { BoundMet } from '../regions/bound.ts';
import { EMPTY } from '../regions/domain.ts';
import { type LanguageDomain, languageDomain } from '../regions/languages.ts';
import { anyOf, type Item, literal } from '../regions/pattern-automaton.ts';
import { sampleText } from '../regions/sample.ts';
import { visitAtoms } from '../universe/asked-ranges.ts';
import { outsideClasses } from '../universe/outside.ts';
import type { ToldText } from './told-text.ts';

/** Values that are tried for one fact. */
const MOST = 64;
/** Kinds of values of which every set is tried. */
const MOST_KINDS = 7;

const MOST_REMEMBERED = 1_000;

/** What can be tried; an empty list: nothing, since there would be too much. */
export interface Candidates {
  /** Lists of values of a fact that has any number of them, as far as they were told. */
  lists(fact: string, told: ToldValues | undefined, decisionId: string): readonly (readonly string[])[];
  /** Values that begin so. */
  texts(fact: string, told: ToldText, universe: Universe): readonly string[];
  /** Whether any policy asks for a fact. */
  isAsked(fact: string): boolean;
  readonly ports: readonly number[];
  readonly ipProtocols: readonly number[];
  readonly destinationAddresses: readonly (IpAddress | undefined)[];
  readonly remoteAddresses: readonly (IpAddress | undefined)[];
}

/** What bytes a value may have. */
export type Universe = 'path' | 'sni' | 'line' | 'any';

const universes: Readonly<Record<Universe, Item['bytes']>> = {
  path: [
    [33, 34],
    [36, 62],
    [64, 126],
    [128, 255],
  ], // a query or a fragment is no part of it
  sni: [
    [33, 64],
    [91, 126],
    [128, 255],
  ],
  line: [
    [9, 9],
    [32, 126],
    [128, 255],
  ],
  any: [[0, 255]],
};

/** Looks through the policies once; what is asked for is remembered. */
export function createCandidates(model: PolicyModel): Candidates {
  const patterns = new Map<string, TextPattern[]>();
  const seen = new Set<string>();
  const atoms: Atom[] = [];
  visitAtoms(model.planes, (atom) => {
    if (atom.op !== 'text') return void atoms.push(atom);
    const name = nameOfFact(atom.fact);
    const some = patterns.get(name) ?? [];
    patterns.set(name, some);
    for (const pattern of atom.any) {
      const key = `${name} ${JSON.stringify(pattern)}`;
      if (!seen.has(key)) some.push(pattern);
      seen.add(key);
    }
  });
  const kinds = remembered((fact: string, universe: Universe, begin: string, withExact: boolean) =>
    kindsOf(patterns.get(fact) ?? [], { universe: universes[universe], begin, withExact }),
  );
  const universeOf = (fact: string): Universe => (fact.startsWith('header ') ? 'line' : 'any');
  return {
    lists(fact, told, decisionId) {
      const universe = universeOf(fact);
      if (told === undefined || told === null) return setsOf(kinds(fact, universe, '', true));
      if (typeof told === 'number' && told > MOST_KINDS) return [];
      if (typeof told === 'number') return linesOf(Array.from({ length: told }, () => kinds(fact, universe, '', true)));
      const hashes = 'sha256' in told ? told.sha256 : [];
      const exact = exactValues(patterns.get(fact) ?? []);
      const lines = hashes.map((hash) => {
        const known = exact.find((value) => hashOfValue(decisionId, fact, value) === hash);
        return known === undefined ? kinds(fact, universe, '', false) : [known];
      });
      return linesOf(lines);
    },
    isAsked: (fact) => patterns.has(fact),
    texts: (fact, { text }, universe) => kinds(fact, universe, text, true),
    ports: portsOf(model, atoms),
    ipProtocols: [...new Set([6, 17, 255, ...atoms.flatMap((atom) => (atom.op === 'protocol' ? atom.any : []))])],
    destinationAddresses: addressesOf(ownRanges(model, atoms)),
    remoteAddresses: addressesOf(rangesOf(atoms, 'remote')),
  };
}

/** Values that a pattern names. */
const exactValues = (patterns: readonly TextPattern[]): string[] =>
  patterns.flatMap((pattern) => (pattern.is === 'exact' && pattern.ignoreCase !== true ? [pattern.value] : []));

interface KindOptions {
  readonly universe: Item['bytes'];
  readonly begin: string;
  /** Values that a pattern names are among them. */
  readonly withExact: boolean;
}

/** A value of each kind that the patterns tell apart; none if there are too many kinds. */
function kindsOf(patterns: readonly TextPattern[], { universe, begin, withExact }: KindOptions): readonly string[] {
  try {
    const texts = languageDomain({ universe: [[...literal(begin), anyOf(universe)]] });
    const named = exactValues(patterns).map((value): TextPattern => ({ is: 'exact', value }));
    let kinds = [withExact ? texts.full : texts.minus(texts.full, texts.ofPatterns(named))];
    for (const pattern of patterns) {
      kinds = split(kinds, texts.ofPatterns([pattern]), texts);
      if (kinds.length > MOST) return [];
    }
    return kinds.map((kind) => sampleText(texts.automatonOf(kind)));
  } catch (thrown) {
    if (thrown instanceof BoundMet) return [];
    throw thrown;
  }
}

const split = (kinds: readonly number[], by: number, texts: LanguageDomain): number[] =>
  kinds.flatMap((kind) => [texts.and(kind, by), texts.minus(kind, by)]).filter((kind) => kind !== EMPTY);

/** Every set of kinds, no value too. */
function setsOf(kinds: readonly string[]): readonly (readonly string[])[] {
  if (kinds.length === 0 || kinds.length > MOST_KINDS) return [];
  return kinds.reduce<readonly string[][]>((sets, kind) => sets.flatMap((set) => [set, [...set, kind]]), [[]]);
}

/** Every choice of one value a line. */
function linesOf(lines: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const size = lines.reduce((product, { length }) => product * length, 1);
  if (size > MOST) return [];
  return lines.reduce<readonly string[][]>(
    (all, line) => all.flatMap((one) => line.map((each) => [...one, each])),
    [[]],
  );
}

function portsOf({ planes }: PolicyModel, atoms: readonly Atom[]): readonly number[] {
  const ends = atoms.flatMap((atom) => (atom.op === 'port' ? atom.any.flatMap(({ from, to }) => [from, to + 1]) : []));
  if (atoms.some(({ op }) => op === 'namedPort')) return [];
  const demanded = planes.flatMap(({ stages }) =>
    stages.flatMap((stage) =>
      stage.kind === 'transport'
        ? stage.policies.flatMap(({ ports }) => ports.flatMap(([port]) => [port, port + 1]))
        : [],
    ),
  );
  const all = [...new Set([-1, 0, 1, ...ends, ...demanded])].filter((port) => port <= 65_535);
  return all.length > MOST ? [] : all;
}

/** An address of each kind, mapped ones too, and none. */
function addressesOf(ranges: readonly string[]): readonly (IpAddress | undefined)[] {
  const classes = outsideClasses([], new Set(ranges)).map(({ address }) => address);
  if (classes.length > MOST) return [];
  const mapped = classes.filter((address) => !address.includes(':')).map((address) => `::ffff:${address}`);
  const found = [...classes, ...mapped].flatMap((text) => {
    const bytes = parseIp(text);
    return bytes === undefined ? [] : [{ bytes, text }];
  });
  return ranges.length === 0 ? [undefined] : [undefined, ...found];
}

const rangesOf = (atoms: readonly Atom[], fact: AddressFact): string[] =>
  atoms.flatMap((atom) => (atom.op === 'address' && atom.fact === fact ? atom.any.map(({ text }) => text) : []));

/** What tells addresses of our own side apart: ranges, and where pods and other places are. */
function ownRanges({ registry, hops = [] }: PolicyModel, atoms: readonly Atom[]): string[] {
  const { endpoints, networkSets } = registry ?? emptyRegistry;
  const nets = networkSets.flatMap((set) => set.nets);
  return [...rangesOf(atoms, 'destination'), ...endpoints.flatMap(({ addresses }) => addresses), ...nets, ...hops];
}

function remembered<A extends readonly (string | boolean)[], B>(make: (...asked: A) => B): (...asked: A) => B {
  const known = new Map<string, B>();
  return (...asked) => {
    const key = JSON.stringify(asked);
    const made = known.get(key) ?? make(...asked);
    if (known.size >= MOST_REMEMBERED) known.clear(); // beginnings of long texts are as many as there are texts
    known.set(key, made);
    return made;
  };
}
