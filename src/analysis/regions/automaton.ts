/**
 * Deterministic automata over bytes: minimal, without dead states, numbered in one way, so that equal languages are equal automata.
 * @module
 */

/** From a state by every byte from `lo` to `hi` to the state `to`; sorted, apart, and not next to one of the same target. */
export interface Arc {
  readonly lo: number;
  readonly hi: number;
  readonly to: number;
}

/** The start is state 0. An automaton without states accepts nothing. */
export interface Automaton {
  readonly accepts: readonly boolean[];
  readonly arcs: readonly (readonly Arc[])[];
}

/** Accepts nothing. */
export const nothing: Automaton = { accepts: [], arcs: [] };

/** No state: all further bytes lead here. */
export const DEAD = -1;

/** An automaton as it is found state by state; `arcsOf` may name targets that were never seen. */
export interface Growing<S> {
  readonly start: S;
  keyOf(state: S): string | number;
  accepts(state: S): boolean;
  /** Sorted and apart; targets that are undefined are dead. */
  arcsOf(state: S): readonly { readonly lo: number; readonly hi: number; readonly to: S }[];
}

/** Explores an automaton and makes it minimal. @throws what `isTooMany` throws when it is told of too many states */
export function explored<S>(growing: Growing<S>, checkSize: (states: number) => void): Automaton {
  const numbers = new Map<string | number, number>();
  const states: S[] = [];
  const numberOf = (state: S): number => {
    const key = growing.keyOf(state);
    let number = numbers.get(key);
    if (number === undefined) {
      number = states.length;
      numbers.set(key, number);
      states.push(state);
      checkSize(states.length);
    }
    return number;
  };
  numberOf(growing.start);
  const accepts: boolean[] = [];
  const arcs: Arc[][] = [];
  for (let i = 0; i < states.length; i++) {
    accepts.push(growing.accepts(states[i]!));
    arcs.push(growing.arcsOf(states[i]!).map(({ lo, hi, to }) => ({ lo, hi, to: numberOf(to) })));
  }
  return minimal({ accepts, arcs });
}

/** The smallest automaton of the same language, in the one numbering. */
function minimal(given: Automaton): Automaton {
  const { accepts, arcs } = withoutDead(given);
  if (accepts.length === 0) return nothing;
  let classOf = accepts.map(Number);
  let count = new Set(classOf).size;
  for (;;) {
    const names = new Map<string, number>();
    const next = arcs.map((own, state) => {
      const name = `${classOf[state]}:${joinedArcs(own.map((arc) => ({ ...arc, to: classOf[arc.to]! })))}`;
      const known = names.get(name) ?? names.size;
      names.set(name, known);
      return known;
    });
    classOf = next;
    if (names.size === count) break;
    count = names.size;
  }
  return numbered({ accepts, arcs }, classOf);
}

/** Without the states from which nothing is accepted; the start stays state 0. */
function withoutDead({ accepts, arcs }: Automaton): Automaton {
  const before: number[][] = accepts.map(() => []);
  for (const [from, own] of arcs.entries()) for (const { to } of own) before[to]!.push(from);
  const alive = accepts.slice();
  const queue = alive.flatMap((is, state) => (is ? [state] : []));
  for (let state = queue.pop(); state !== undefined; state = queue.pop())
    for (const from of before[state]!)
      if (!alive[from]) {
        alive[from] = true;
        queue.push(from);
      }
  if (!alive[0]) return nothing;
  let next = 0;
  const place = alive.map((is) => (is ? next++ : DEAD));
  return {
    accepts: accepts.filter((_, state) => alive[state]),
    arcs: arcs.flatMap((own, state) =>
      alive[state] ? [own.filter(({ to }) => alive[to]).map((arc) => ({ ...arc, to: place[arc.to]! }))] : [],
    ),
  };
}

/** One state a class, numbered in the order in which they are reached. */
function numbered({ accepts, arcs }: Automaton, classOf: readonly number[]): Automaton {
  const member = new Map<number, number>();
  for (const [state, own] of classOf.entries()) if (!member.has(own)) member.set(own, state);
  const place = new Map<number, number>([[classOf[0]!, 0]]);
  const order = [classOf[0]!];
  const out: { accepts: boolean[]; arcs: Arc[][] } = { accepts: [], arcs: [] };
  for (let i = 0; i < order.length; i++) {
    const state = member.get(order[i]!)!;
    out.accepts.push(accepts[state]!);
    const own = arcs[state]!.map(({ lo, hi, to }) => {
      const target = classOf[to]!;
      let number = place.get(target);
      if (number === undefined) {
        number = order.length;
        place.set(target, number);
        order.push(target);
      }
      return { lo, hi, to: number };
    });
    out.arcs.push(joined(own));
  }
  return out;
}

/** Arcs side by side with one target become one. */
function joined(arcs: readonly Arc[]): Arc[] {
  const out: Arc[] = [];
  for (const arc of arcs) {
    const last = out.at(-1);
    if (last !== undefined && last.to === arc.to && last.hi + 1 === arc.lo)
      out[out.length - 1] = { ...last, hi: arc.hi };
    else out.push(arc);
  }
  return out;
}

const joinedArcs = (arcs: readonly Arc[]): string =>
  joined(arcs)
    .map(({ lo, hi, to }) => `${lo}-${hi}>${to}`)
    .join();

/** Equal texts, equal language. */
export function keyOfAutomaton({ accepts, arcs }: Automaton): string {
  return arcs.map((own, state) => `${accepts[state] ? '+' : '-'}${joinedArcs(own)}`).join(';');
}

/** The state after a byte. */
export function stepOf({ arcs }: Automaton, state: number, byte: number): number {
  return arcs[state]!.find(({ lo, hi }) => lo <= byte && byte <= hi)?.to ?? DEAD;
}

/** Tells whether a byte string is in the language. */
export function acceptsText(automaton: Automaton, text: string): boolean {
  let state = automaton.accepts.length === 0 ? DEAD : 0;
  for (let i = 0; i < text.length && state !== DEAD; i++) state = stepOf(automaton, state, text.charCodeAt(i));
  return state !== DEAD && automaton.accepts[state]!;
}
