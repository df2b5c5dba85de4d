/**
 * Facts that nobody told, tried out: a decision is made for every value that could make a difference, as far as it asks for them.
 * @module
 */

/** A fact that is asked for, that the log lacks, and of which not every value can be tried. */
export class NotTold extends Error {
  override readonly name = 'NotTold';
  /** The fact, as people know it. */
  readonly fact: string;

  constructor(fact: string) {
    super(`the log does not tell ${fact}`);
    this.fact = fact;
  }
}

/** Decisions tried for one request at the most. */
const MOST_TRIES = 512;

interface Choice {
  readonly fact: string;
  readonly options: readonly unknown[];
  at: number;
}

/** Tries one value after the other of each fact that is asked for; the last one asked changes first. */
export class Choices {
  #made: Choice[] = [];
  readonly #now = new Map<string, unknown>();

  /** A value of a fact; the same one until the next try. @throws NotTold if there is none to try */
  pick<T>(fact: string, options: readonly T[]): T {
    if (options.length === 1) return options[0]!;
    if (this.#now.has(fact)) return this.#now.get(fact) as T; // as below
    if (options.length === 0) throw new NotTold(fact);
    let choice = this.#made.find((each) => each.fact === fact);
    if (choice === undefined) {
      choice = { fact, options, at: 0 };
      this.#made.push(choice);
    }
    const value = choice.options[choice.at] as T; // options of one fact are of one type
    this.#now.set(fact, value);
    return value;
  }

  /** Forgets all of the last request. */
  clear(): void {
    this.#made = [];
    this.again();
  }

  /** Goes to the next values; undefined when all were tried, else the fact that changed. */
  next(): string | undefined {
    this.again();
    for (let last = this.#made.at(-1); last !== undefined; last = this.#made.at(-1)) {
      if (last.at + 1 < last.options.length) {
        last.at++;
        return last.fact;
      }
      this.#made.pop();
    }
    return undefined;
  }

  /** Asks anew, for the same values. */
  again(): void {
    this.#now.clear();
  }
}

/** What all tries came to: one answer, or the fact on which it hangs. */
export type Tried<T> =
  | { readonly is: 'sure'; readonly answer: T; readonly tries: number }
  | { readonly is: 'open'; readonly lacks: string };

/**
 * Asks for every value of what is not told.
 *
 * @param isSame  whether two answers say the same
 */
export function tryAll<T>(choices: Choices, ask: () => T, isSame: (a: T, b: T) => boolean): Tried<T> {
  choices.clear();
  try {
    const answer = ask();
    let tries = 1;
    for (let changed = choices.next(); changed !== undefined; changed = choices.next()) {
      if (++tries > MOST_TRIES || !isSame(answer, ask())) return { is: 'open', lacks: changed };
    }
    return { is: 'sure', answer, tries };
  } catch (thrown) {
    if (thrown instanceof NotTold) return { is: 'open', lacks: thrown.fact };
    throw thrown;
  }
}
