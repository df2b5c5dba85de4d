/**
 * Sets of texts as automata: all of one variable's values lie in its universe.
 * @module
 */
import type { TextPattern } from '../../policy/model.ts';
import { type Arc, type Automaton, DEAD, explored, keyOfAutomaton, nothing } from './automaton.ts';
import { anyEffort, BoundMet, type Effort, MOST_STATES } from './bound.ts';
import { type Domain, EMPTY, remembered } from './domain.ts';
import { automatonOfItems, type Item, itemsOf, type LetterCase } from './pattern-automaton.ts';

/** Sets of byte strings. */
export interface LanguageDomain extends Domain {
  /** The texts of the universe that fit one of the runs. */
  ofItems(runs: readonly (readonly Item[])[]): number;
  /** The texts of the universe that one of the patterns matches. */
  ofPatterns(patterns: readonly TextPattern[]): number;
  ofAutomaton(automaton: Automaton): number;
  automatonOf(set: number): Automaton;
}

/** How a domain reads what it is given. */
export interface LanguageOptions {
  /** All values that there are. */
  readonly universe: readonly (readonly Item[])[];
  readonly letters?: LetterCase;
  readonly effort?: Effort;
  /** Makes the runs of what is asked of the value as it is kept, where it is kept in another form. */
  readonly kept?: (runs: readonly (readonly Item[])[]) => readonly (readonly Item[])[];
}

/** Creates a domain. */
export function languageDomain(options: LanguageOptions): LanguageDomain {
  const { universe, letters = 'both', kept = (runs) => runs, effort = anyEffort } = options;
  const checkSize = (states: number): void => {
    effort.check();
    if (states > MOST_STATES) throw new BoundMet(`patterns that need more than ${MOST_STATES} states together`);
  };
  const automata: Automaton[] = [nothing];
  const numbers = new Map<string, number>([[keyOfAutomaton(nothing), EMPTY]]);
  const interned = (automaton: Automaton): number => {
    const key = keyOfAutomaton(automaton);
    let number = numbers.get(key);
    if (number === undefined) {
      number = automata.length;
      numbers.set(key, number);
      automata.push(automaton);
    }
    return number;
  };
  const combined = (a: number, b: number, holds: Holds): number =>
    interned(product(automata[a]!, automata[b]!, holds, checkSize));
  const full = interned(automatonOfItems(universe, checkSize));
  const and = remembered((a, b) => (a === b || b === full ? a : a === full ? b : combined(a, b, (x, y) => x && y)));
  const within = (automaton: Automaton): number =>
    interned(product(automaton, automata[full]!, (x, y) => x && y, checkSize));
  const ofItems = (runs: readonly (readonly Item[])[]): number => within(automatonOfItems(kept(runs), checkSize));
  return {
    full,
    ofItems,
    ofPatterns: (patterns) => ofItems(patterns.flatMap((pattern) => itemsOf(pattern, letters))),
    ofAutomaton: within,
    automatonOf: (set) => automata[set]!,
    and,
    or: remembered((a, b) =>
      a === b || b === EMPTY || a === full ? a : a === EMPTY || b === full ? b : combined(a, b, (x, y) => x || y),
    ),
    minus: remembered((a, b) => (b === EMPTY ? a : a === b || b === full ? EMPTY : combined(a, b, (x, y) => x && !y))),
  };
}

type Holds = (inA: boolean, inB: boolean) => boolean;

/** Both automata at once; a state of the pair may be dead in one of them. */
function product(a: Automaton, b: Automaton, holds: Holds, checkSize: (states: number) => void): Automaton {
  const needsA = !holds(false, true); // without the first nothing more can come
  const needsB = !holds(true, false);
  const size = b.accepts.length + 1;
  const start = (automaton: Automaton): number => (automaton.accepts.length === 0 ? DEAD : 0);
  return explored<readonly [number, number]>(
    {
      start: [start(a), start(b)],
      keyOf: ([x, y]) => (x + 1) * size + y + 1,
      accepts: ([x, y]) => holds(x !== DEAD && a.accepts[x]!, y !== DEAD && b.accepts[y]!),
      arcsOf: ([x, y]) => {
        if ((needsA && x === DEAD) || (needsB && y === DEAD)) return [];
        return together(x === DEAD ? [] : a.arcs[x]!, y === DEAD ? [] : b.arcs[y]!).filter(
          ({ to }) => !(needsA && to[0] === DEAD) && !(needsB && to[1] === DEAD),
        );
      },
    },
    checkSize,
  );
}

interface PairArc {
  readonly lo: number;
  readonly hi: number;
  readonly to: readonly [number, number];
}

/** Cuts the arcs of two states at each other's borders. */
function together(a: readonly Arc[], b: readonly Arc[]): PairArc[] {
  const out: PairArc[] = [];
  let [i, j, at] = [0, 0, 0];
  while (at <= 255 && (i < a.length || j < b.length)) {
    const x = a[i];
    const y = b[j];
    const inX = x !== undefined && x.lo <= at;
    const inY = y !== undefined && y.lo <= at;
    const end = Math.min(x === undefined ? 255 : inX ? x.hi : x.lo - 1, y === undefined ? 255 : inY ? y.hi : y.lo - 1);
    if (inX || inY) out.push({ lo: at, hi: end, to: [inX ? x.to : DEAD, inY ? y.to : DEAD] });
    at = end + 1;
    if (x !== undefined && x.hi < at) i++;
    if (y !== undefined && y.hi < at) j++;
  }
  return out;
}
