/**
 * Languages in few patterns, as people write them; an automaton where patterns do not suffice.
 * @module
 */
import { type Automaton, DEAD, explored, stepOf } from './automaton.ts';
import { EMPTY } from './domain.ts';
import type { LanguageDomain } from './languages.ts';
import { anyOf, type Item, literal } from './pattern-automaton.ts';

/** Exact text, `prefix*`, `*suffix`, `*`, or an automaton over the bytes of the value. */
export type ShownPattern = string | { readonly automaton: ShownAutomaton };

/** `next[state]` lists `[first byte, last byte, state]`; a byte that is not listed is refused. */
export interface ShownAutomaton {
  readonly start: number;
  readonly accept: readonly number[];
  readonly next: readonly (readonly (readonly [number, number, number])[])[];
}

/** A value is in the language if one of `some` matches (all, if it is undefined) and none of `none`. */
export interface Description {
  readonly some: readonly ShownPattern[] | undefined;
  readonly none: readonly ShownPattern[];
}

/** More patterns than these are no shorter than the automaton. */
const MOST_PATTERNS = 64;
const MOST_BRANCHES = 64;

interface Simple {
  readonly is: 'exact' | 'prefix' | 'suffix';
  readonly text: string;
}

/** Describes sets of a domain; each is worked out once. */
export function createDescriber(domain: LanguageDomain): (set: number) => Description {
  const known = new Map<number, Description>();
  return (set) => {
    let made = known.get(set);
    if (made === undefined) {
      made = describe(domain, set);
      known.set(set, made);
    }
    return made;
  };
}

function describe(domain: LanguageDomain, set: number): Description {
  if (set === domain.full) return { some: undefined, none: [] };
  const rest = domain.minus(domain.full, set);
  const forms = [
    () => shown(simplePatterns(domain, set, false), []),
    () => shown(undefined, simplePatterns(domain, rest, false)),
    () => withExceptions(domain, set),
    () => shown(simplePatterns(domain, set, true), []),
    () => shown(undefined, simplePatterns(domain, rest, true)),
    () => mixed(domain, set),
  ];
  const made = firstThatMeans(domain, set, forms);
  return made !== undefined
    ? textsOf(made)
    : { some: [{ automaton: shownAutomaton(domain.automatonOf(set)) }], none: [] };
}

/** The first form that means the set. */
function firstThatMeans(
  domain: LanguageDomain,
  set: number,
  forms: readonly (() => Found | undefined)[],
): Found | undefined {
  for (const form of forms) {
    const made = form();
    if (made !== undefined && setOf(domain, made) === set) return made;
  }
  return undefined;
}

interface Found {
  readonly some: readonly Simple[] | undefined;
  readonly none: readonly Simple[];
}

/** Undefined where patterns were looked for and not found. */
function shown(some: readonly Simple[] | undefined, none: readonly Simple[] | undefined): Found | undefined {
  if (none === undefined || (some === undefined && none.length === 0)) return undefined;
  return { some, none };
}

const setOfSimple = (domain: LanguageDomain, patterns: readonly Simple[]): number =>
  domain.ofItems(
    patterns.map(({ is, text }): Item[] =>
      is === 'exact' ? literal(text) : is === 'prefix' ? [...literal(text), anyOf()] : [anyOf(), ...literal(text)],
    ),
  );

function setOf(domain: LanguageDomain, { some, none }: Found): number {
  const all = some === undefined ? domain.full : setOfSimple(domain, some);
  return none.length === 0 ? all : domain.minus(all, setOfSimple(domain, none));
}

const textsOf = ({ some, none }: Found): Description => ({ some: some?.map(textOf), none: none.map(textOf) });

const textOf = ({ is, text }: Simple): string => (is === 'exact' ? text : is === 'prefix' ? `${text}*` : `*${text}`);

/** Texts that stand for themselves: no star at an end, no template. */
const isPlain = (text: string): boolean => !/^\*|\*$|\{\*\*?\}/.test(text);

/** Exact texts and prefixes (or suffixes) that make up a language; undefined if there are none, or too many. */
function simplePatterns(domain: LanguageDomain, set: number, isReversed: boolean): Simple[] | undefined {
  const turn = (automaton: Automaton): Automaton => (isReversed ? reversed(automaton) : automaton);
  const found = branches(turn(domain.automatonOf(set)), turn(domain.automatonOf(domain.full)));
  if (found === undefined) return undefined;
  const patterns = found.map(({ open, text }): Simple => {
    const own = isReversed ? [...text].reverse().join('') : text;
    return { is: open ? (isReversed ? 'suffix' : 'prefix') : 'exact', text: own };
  });
  return patterns.every(({ is, text }) => isPlain(text) && (is === 'exact' || text !== '')) ? patterns : undefined;
}

/** One prefix, and what is left out below it. */
function withExceptions(domain: LanguageDomain, set: number): Found | undefined {
  const automaton = domain.automatonOf(set);
  let prefix = '';
  for (let state = 0; !automaton.accepts[state]; ) {
    const [only, ...others] = automaton.arcs[state]!;
    if (only === undefined || others.length > 0 || only.lo !== only.hi) break;
    prefix += String.fromCharCode(only.lo);
    state = only.to;
  }
  if (prefix === '' || !isPlain(prefix)) return undefined;
  const some: Simple[] = [{ is: 'prefix', text: prefix }];
  const left = domain.minus(setOfSimple(domain, some), set);
  const forms = [
    () => simplePatterns(domain, left, false),
    () => simplePatterns(domain, left, true),
    () => tops(domain, left, true),
  ];
  return firstThatMeans(
    domain,
    set,
    forms.map((form) => () => shown(some, form())),
  );
}

/** Prefixes of which suffixes are left out, or suffixes of which prefixes are. */
function mixed(domain: LanguageDomain, set: number): Found | undefined {
  for (const isReversed of [false, true]) {
    const ends = tops(domain, set, isReversed);
    if (ends === undefined) continue;
    const left = domain.minus(setOfSimple(domain, ends), set);
    const forms = [isReversed, !isReversed].flatMap((other) => [
      () => simplePatterns(domain, left, other),
      () => tops(domain, left, other),
    ]);
    const made =
      left === EMPTY
        ? shown(ends, [])
        : firstThatMeans(
            domain,
            set,
            forms.map((form) => () => shown(ends, form())),
          );
    if (made !== undefined) return made;
  }
  return undefined;
}

/** The least prefixes below which the language branches for ever, and the exact texts beside them. */
function tops(domain: LanguageDomain, set: number, isReversed: boolean): Simple[] | undefined {
  const automaton = isReversed ? reversed(domain.automatonOf(set)) : domain.automatonOf(set);
  const isEndless = endless(automaton);
  const out: Simple[] = [];
  const walk = (state: number, text: string): boolean => {
    if (out.length > MOST_PATTERNS) return false;
    const own = isReversed ? [...text].reverse().join('') : text;
    if (isEndless(state)) {
      out.push({ is: isReversed ? 'suffix' : 'prefix', text: own });
      return own !== '' && isPlain(own);
    }
    if (automaton.accepts[state]) {
      if (!isPlain(own)) return false;
      out.push({ is: 'exact', text: own });
    }
    return automaton.arcs[state]!.every(({ lo, hi, to }) => {
      if (hi - lo >= MOST_BRANCHES) return false;
      for (let byte = lo; byte <= hi; byte++) if (!walk(to, text + String.fromCharCode(byte))) return false;
      return true;
    });
  };
  return walk(0, '') ? out : undefined;
}

/** States that come back to themselves. */
function endless({ arcs }: Automaton): (state: number) => boolean {
  return (state) => {
    const seen = new Set<number>();
    const queue = arcs[state]!.map(({ to }) => to);
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (at === state) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      queue.push(...arcs[at]!.map(({ to }) => to));
    }
    return false;
  };
}

interface Branch {
  readonly text: string;
  /** Whatever follows is in the language, as far as the universe goes. */
  readonly open: boolean;
}

/** The texts of a language, and those that it holds with all that begin so; undefined if there are too many. */
function branches(automaton: Automaton, universe: Automaton): Branch[] | undefined {
  if (automaton.accepts.length === 0) return [];
  const out: Branch[] = [];
  const onPath = new Set<number>();
  const walk = (state: number, around: number, text: string): boolean => {
    if (out.length > MOST_PATTERNS || onPath.has(state)) return false;
    if (isSame(automaton, state, universe, around)) {
      out.push({ text, open: true });
      return true;
    }
    onPath.add(state);
    if (automaton.accepts[state]) out.push({ text, open: false });
    const ok = automaton.arcs[state]!.every(({ lo, hi, to }) => {
      if (hi - lo >= MOST_BRANCHES) return false;
      for (let byte = lo; byte <= hi; byte++)
        if (!walk(to, stepOf(universe, around, byte), text + String.fromCharCode(byte))) return false;
      return true;
    });
    onPath.delete(state);
    return ok;
  };
  return walk(0, 0, '') && out.length <= MOST_PATTERNS ? out : undefined;
}

/** Tells whether two states have one language. */
function isSame(a: Automaton, stateA: number, b: Automaton, stateB: number): boolean {
  const seen = new Set<number>();
  const queue: [number, number][] = [[stateA, stateB]];
  for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
    const [x, y] = pair;
    const key = x * b.accepts.length + y;
    if (seen.has(key)) continue;
    seen.add(key);
    const [own, other] = [a.arcs[x]!, b.arcs[y]!];
    if (a.accepts[x] !== b.accepts[y] || covered(own) !== covered(other)) return false;
    for (const one of own)
      for (const two of other) if (one.lo <= two.hi && two.lo <= one.hi) queue.push([one.to, two.to]);
  }
  return true;
}

/** Which bytes lead on, as a text. */
function covered(arcs: Automaton['arcs'][number]): string {
  let out = '';
  let end = -2;
  for (const { lo, hi } of arcs) {
    if (lo !== end + 1) out += `${end},${lo}-`;
    end = hi;
  }
  return `${out}${end}`;
}

/** The automaton of the texts backwards. */
function reversed(automaton: Automaton): Automaton {
  const { accepts, arcs } = automaton;
  const back: { lo: number; hi: number; to: number }[][] = accepts.map(() => []);
  for (const [from, own] of arcs.entries()) for (const { lo, hi, to } of own) back[to]!.push({ lo, hi, to: from });
  return explored<readonly number[]>(
    {
      start: accepts.flatMap((is, state) => (is ? [state] : [])),
      keyOf: (states) => states.join(),
      accepts: (states) => states.includes(0),
      arcsOf: (states) => {
        const moves = states.flatMap((state) => back[state]!);
        const cuts = [...new Set(moves.flatMap(({ lo, hi }) => [lo, hi + 1]))].sort((a, b) => a - b);
        return cuts.slice(0, -1).flatMap((lo, i) => {
          const to = [...new Set(moves.flatMap((move) => (move.lo <= lo && lo <= move.hi ? [move.to] : [])))];
          return to.length === 0 ? [] : [{ lo, hi: cuts[i + 1]! - 1, to: to.sort((a, b) => a - b) }];
        });
      },
    },
    () => {},
  );
}

/** An automaton as it is printed. */
export function shownAutomaton({ accepts, arcs }: Automaton): ShownAutomaton {
  return {
    start: accepts.length === 0 ? DEAD : 0,
    accept: accepts.flatMap((is, state) => (is ? [state] : [])),
    next: arcs.map((own) => own.map(({ lo, hi, to }) => [lo, hi, to] as const)),
  };
}
