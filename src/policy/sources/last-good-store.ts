/**
 * Stores the last content of every policy file that was in force, so that a restart does not lose it.
 *
 * A large file of which little has changed is not written again: what lies between the ends that did not change is stored beside it.
 * @module
 */
import { createHash } from 'node:crypto';
import { commonEnds } from '../documents/known/common-ends.ts';

/** What the sources remember. Names are those of the policy files. */
export interface LastGoodStore {
  /** The content that was last in force; undefined if there is none. */
  get(file: string): Promise<string | undefined>;
  keep(file: string, text: string): Promise<void>;
  drop(file: string): Promise<void>;
  /** Forgets every file but these. */
  retain(files: ReadonlySet<string>): Promise<void>;
}

/** Durable texts by name, which other users may share. */
export interface StoredTexts {
  get(name: string): string | undefined;
  set(name: string, content: string): void;
  remove(name: string): void;
  names(): readonly string[];
}

const WHOLE = 'policy ';
const EDIT = 'policy-edit ';
/** Files of fewer characters are written whole. */
const LARGE = 64 * 1024;
/** An edit is stored as one while it is so many times smaller than its file. */
const EDIT_OF = 8;

/** How a text differs from the whole one that is stored. */
interface Edit {
  /** Of the whole text; of another one the edit says nothing. */
  readonly sha256: string;
  /** Characters that both begin with. */
  readonly head: number;
  /** Characters that both end with. */
  readonly tail: number;
  /** What stands between them now. */
  readonly between: string;
}

/** What of a file is known to be stored. */
interface Known {
  /** The newest text. */
  readonly text: string;
  /** Characters of the whole one. */
  readonly length: number;
  /** Of the whole one; undefined while that is the newest. */
  readonly sha256: string | undefined;
  readonly head: number;
  readonly tail: number;
}

/** Makes a store of the texts whose names begin with `policy`; it touches no others. Rejects with whatever `texts` throws. */
export function lastGoodIn(texts: StoredTexts): LastGoodStore {
  const known = new Map<string, Known>();
  const drop = (file: string): void => {
    known.delete(file);
    texts.remove(WHOLE + file);
    texts.remove(EDIT + file);
  };
  const writeWhole = (file: string, text: string): void => {
    known.delete(file);
    texts.set(WHOLE + file, text);
    texts.remove(EDIT + file); // until then it is the edit of another text, and so none, or this text is not stored yet
    if (text.length >= LARGE) known.set(file, untouched(text));
  };
  return {
    get: async (file) => stored(texts, file)?.text,
    async keep(file, text) {
      const last = known.get(file) ?? stored(texts, file);
      if (last?.text === text) {
        if (text.length >= LARGE) known.set(file, last);
        return;
      }
      const next = last && editedTo(text, last);
      if (last === undefined) texts.remove(EDIT + file); // of a whole text that was dropped
      if (next === undefined) return writeWhole(file, text);
      const { head, tail, sha256 } = next;
      const edit: Edit = { sha256, head, tail, between: text.slice(head, text.length - tail) };
      texts.set(EDIT + file, JSON.stringify(edit));
      known.set(file, next);
    },
    drop: async (file) => drop(file),
    async retain(files) {
      for (const name of texts.names()) {
        const prefix = [WHOLE, EDIT].find((each) => name.startsWith(each));
        if (prefix !== undefined && !files.has(name.slice(prefix.length))) drop(name.slice(prefix.length));
      }
    },
  };
}

/** What the texts say of a file. */
function stored(texts: StoredTexts, file: string): Known | undefined {
  const text = texts.get(WHOLE + file);
  if (text === undefined) return undefined;
  const whole = untouched(text);
  const written = texts.get(EDIT + file);
  if (written === undefined) return whole;
  const edit = parsed(written);
  if (edit === undefined) return undefined;
  const { sha256, head, tail, between } = edit;
  if (sha256 !== sha256Of(text)) return whole;
  return { ...whole, sha256, text: text.slice(0, head) + between + text.slice(text.length - tail), head, tail };
}

const untouched = (text: string): Known => ({
  text,
  length: text.length,
  sha256: undefined,
  head: text.length,
  tail: text.length,
});

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A text as an edit of the whole that is stored; undefined if it is better written whole itself. */
function editedTo(text: string, last: Known): (Known & { readonly sha256: string }) | undefined {
  if (text.length < LARGE) return undefined;
  const ends = commonEnds(last.text, text);
  // What both have in common with the text between them they have in common with each other.
  const head = Math.min(last.head, ends.head);
  const tail = Math.min(last.tail, ends.tail, last.length - head, text.length - head);
  if ((text.length - head - tail) * EDIT_OF > text.length) return undefined;
  return { text, length: last.length, sha256: last.sha256 ?? sha256Of(last.text), head, tail };
}

/** What this program wrote; undefined if it is anything else. */
function parsed(written: string): Edit | undefined {
  try {
    return JSON.parse(written) as Edit; // written by `keep`
  } catch {
    return undefined;
  }
}
