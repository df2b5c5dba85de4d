/**
 * What the documents of a file came to when it was read last, so that an edit costs what it changed: what stands before and behind it is not
 * even looked at, and what was moved about is known by its text.
 * @module
 */
import { type BadSeparator, type Chunk, type Stretch, stretchAt, withoutMark } from '../yaml/split.ts';
import { commonEnds } from './common-ends.ts';
import { moved } from './moved.ts';

/** What a file came to, in its order. */
export interface FileReading<T> {
  /** One a document. */
  readonly readings: readonly T[];
  readonly bad: readonly BadSeparator[];
  /** Blanks and comments, where a document could be. */
  readonly bare: readonly Chunk[];
}

/** A stretch of the text, and what it came to. */
interface Known<T> extends Stretch {
  /** Line at which it begins. */
  readonly line: number;
  /** Undefined if it is no document. */
  readonly reading: T | undefined;
}

/** The stretches of a new text: `head` and `tail` ones of the old, and between them new ones. */
interface Cut {
  readonly head: number;
  /** Where the first new stretch begins, and its line. */
  readonly start: number;
  readonly line: number;
  readonly between: readonly Stretch[];
  /** The first old stretch that stands behind the new ones, and how many lines it has moved down. */
  readonly tail: number;
  readonly lines: number;
}

/** Keeps what the last reading of a file came to, and no more. */
export class KnownChunks<T> {
  #text = '';
  #known: readonly Known<T>[] = [];

  /** What a file comes to; `read` is asked for the documents that are new. */
  readAll(file: string, read: (chunk: Chunk) => T): FileReading<T> {
    const text = withoutMark(file);
    const before = this.#known;
    const cut = this.#cut(text);
    const known = before.slice(0, cut.head);
    for (const one of this.#readBetween(text, cut, read)) known.push(one);
    for (let i = cut.tail; i < before.length; i++) known.push(movedDown(before[i]!, cut.lines)); // within
    this.#text = text;
    this.#known = known;
    return this.#all();
  }

  /** What another file with these documents would come to; `as` says what one of them comes to there. */
  like(as: (reading: T) => T): KnownChunks<T> {
    const other = new KnownChunks<T>();
    other.#text = this.#text;
    other.#known = this.#known.map((one) => (one.isBare ? one : { ...one, reading: as(one.reading as T) })); // of a document
    return other;
  }

  #cut(text: string): Cut {
    const before = this.#known;
    const ends = commonEnds(this.#text, text);
    let [head, start, line] = [0, 0, 1];
    for (let one = before[0]; one !== undefined && start + one.step <= ends.head; one = before[++head]) {
      start += one.step;
      line += one.lines;
    }
    // Where the first old stretch that may stand behind the new ones begins in the new text.
    let [tail, tailStart] = [head, start + text.length - this.#text.length];
    const firstCommon = text.length - ends.tail;
    const between: Stretch[] = [];
    let [at, lineAt] = [start, line];
    while (at < text.length) {
      while (tail < before.length && (tailStart < at || tailStart < firstCommon)) tailStart += before[tail++]!.step;
      if (tail < before.length && tailStart === at) break;
      const stretch = stretchAt(text, at);
      between.push(stretch);
      at += stretch.step;
      lineAt += stretch.lines;
    }
    if (at >= text.length) tail = before.length;
    return { head, start, line, between, tail, lines: lineAt - (before[tail]?.line ?? lineAt) };
  }

  #readBetween(text: string, cut: Cut, read: (chunk: Chunk) => T): readonly Known<T>[] {
    const old = this.#textsBetween(cut);
    let { start, line } = cut;
    return cut.between.map((stretch): Known<T> => {
      const place = { line };
      const written = text.slice(start, start + stretch.length);
      start += stretch.step;
      line += stretch.lines;
      if (stretch.isBare) return { ...stretch, ...place, reading: undefined };
      const same = old.get(written);
      const reading =
        same === undefined
          ? read({ text: ofItsOwn(written), ...place })
          : moved(same.reading as T, place.line - same.line); // of a document
      return { ...stretch, ...place, reading };
    });
  }

  /** The old stretches that none of the ends of the new text holds, by their texts. */
  #textsBetween({ head, start, tail, between }: Cut): ReadonlyMap<string, Known<T>> {
    const old = new Map<string, Known<T>>();
    if (between.length === 0) return old;
    for (let i = head, at = start; i < tail; i++) {
      const one = this.#known[i]!; // within
      if (!one.isBare) old.set(this.#text.slice(at, at + one.length), one);
      at += one.step;
    }
    return old;
  }

  #all(): FileReading<T> {
    const all = { readings: [] as T[], bad: [] as BadSeparator[], bare: [] as Chunk[] };
    let start = 0;
    for (const { isBare, reading, line, length, step, lines, rest } of this.#known) {
      if (isBare) all.bare.push({ text: this.#text.slice(start, start + length), line });
      else all.readings.push(reading as T); // of a document
      if (rest !== '') all.bad.push({ line: line + lines - 1, text: rest });
      start += step;
    }
    return all;
  }
}

const movedDown = <T>(known: Known<T>, lines: number): Known<T> =>
  lines === 0 ? known : { ...known, line: known.line + lines, reading: moved(known.reading, lines) };

/** The same text, which keeps the text that it was cut from no longer alive: parts of it outlive many versions of a file. */
const ofItsOwn = (text: string): string => ` ${text}`.slice(1);
