/**
 * What a proxy says of a request, read out of the head of its question: each thing once, and nothing that another proxy would say.
 * @module
 */
import type { Dialect, Said } from './dialect.ts';

/** What was said; a thing that was not is undefined. */
export type SaidThings = Record<Said, string | undefined>;

/** What was said, and what the client sent. */
export interface Told {
  readonly said: Readonly<SaidThings>;
  /** Names (lower-case) and values of what the client sent, one after the other. */
  readonly clientHeaders: string[];
}

/** What one proxy means by a header. */
interface HeaderMeaning {
  /** Lower-case. */
  readonly name: string;
  readonly what: Said | undefined;
  /** It is the client's, too. */
  readonly isPassedOn: boolean;
  readonly isWrong: boolean;
}

const saidNothing = (): SaidThings => ({
  method: undefined,
  uri: undefined,
  host: undefined,
  scheme: undefined,
  certificate: undefined,
  verified: undefined,
  sni: undefined,
  source: undefined,
  destination: undefined,
  forwardedFor: undefined,
  headers: undefined,
  workload: undefined,
  server: undefined,
});

/** What we have answered to a proxy that stands before this one. */
const answered: ReadonlySet<string> = new Set(['x-gatehouse-id', 'x-gatehouse-reason', 'x-gatehouse-decision']);

const MOST_MEANINGS = 512;
const MOST_IN_ORDER = 64;

/** Header names of one proxy are few, and come in the same spelling each time, mostly in the same order. */
interface Meanings {
  readonly bySpelling: Map<string, HeaderMeaning>;
  /** Spellings of the last request, and what they mean: equal texts are found faster than their hash. */
  readonly lastSpellings: string[];
  readonly lastMeanings: HeaderMeaning[];
}

const meanings = new Map<Dialect, Meanings>();

function meaningsOf(dialect: Dialect): Meanings {
  let known = meanings.get(dialect);
  if (known === undefined) {
    known = { bySpelling: new Map(), lastSpellings: [], lastMeanings: [] };
    meanings.set(dialect, known);
  }
  return known;
}

function find(written: string, at: number, dialect: Dialect, known: Meanings): HeaderMeaning {
  let meaning = known.bySpelling.get(written);
  if (meaning === undefined) {
    meaning = meaningOf(written, dialect);
    if (known.bySpelling.size < MOST_MEANINGS) known.bySpelling.set(written, meaning);
  }
  if (at < MOST_IN_ORDER) {
    known.lastSpellings[at] = written;
    known.lastMeanings[at] = meaning;
  }
  return meaning;
}

function meaningOf(written: string, { headers, own }: Dialect): HeaderMeaning {
  const name = written.toLowerCase();
  const what = headers.get(name);
  return {
    name,
    what,
    isPassedOn: (what === undefined || name === 'x-forwarded-for') && !own.has(name),
    isWrong: what === undefined && name.startsWith('x-gatehouse-') && !answered.has(name),
  };
}

/** Reads it. @param rawHeaders  names and values, one after the other, as Node has them; a text says what is wrong */
export function readTold(rawHeaders: readonly string[], dialect: Dialect): Told | string {
  const said = saidNothing();
  const clientHeaders: string[] = [];
  const known = meaningsOf(dialect);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [written, at] = [rawHeaders[i]!, i >> 1];
    const isSame = known.lastSpellings[at] === written;
    const { name, what, isPassedOn, isWrong } = isSame ? known.lastMeanings[at]! : find(written, at, dialect, known);
    if (isWrong) return `${dialect.name} does not say ${name.slice(0, 64)}`;
    if (what !== undefined) {
      if (said[what] !== undefined) return `${name} is there twice`;
      said[what] = rawHeaders[i + 1]!;
    }
    if (isPassedOn) clientHeaders.push(name, rawHeaders[i + 1]!);
  }
  return wrongWith(said, dialect) ?? { said, clientHeaders };
}

/** Whether a text is one; that of the question before is not looked at again. */
function matcher(form: RegExp): (text: string) => boolean {
  let last: string | undefined;
  return (text) => {
    if (text === last) return true;
    if (!form.test(text)) return false;
    last = text;
    return true;
  };
}

const isHost = matcher(/^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]*$/);
const isMethod = matcher(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/);

function wrongWith(said: SaidThings, { required, headers, name }: Dialect): string | undefined {
  for (const what of required) {
    if (said[what] !== undefined) continue;
    const header = [...headers].find(([, each]) => each === what)?.[0];
    return `${header} is not there: ${name} is not configured to say it`;
  }
  const { method, uri, host, scheme } = said;
  if (standsForNone(method) || standsForNone(uri) || standsForNone(host) || standsForNone(scheme))
    return 'a text that stands for none is there in place of a method, path, host or scheme';
  if (method !== undefined && !isMethod(method)) return 'the method is none';
  return host !== undefined && !isHost(host) ? 'the host is none' : undefined;
}

/** Texts in place of a value, by whoever did not have one: a placeholder, `(null)`. */
const standsForNone = (value: string | undefined): boolean =>
  value !== undefined && (value.charCodeAt(0) === 0x7b || value === '(null)');

/** What may be empty begins with `=`. Undefined: it was not said, by a line of ours. */
export function optional(
  said: Told['said'],
  what: 'certificate' | 'sni' | 'verified',
  { none }: Dialect,
): string | undefined {
  const value = said[what];
  if (value?.charCodeAt(0) !== 0x3d) return undefined;
  const rest = value.slice(1);
  if (rest === none.get(what)) return '';
  return standsForNone(rest) ? undefined : rest;
}

/** An address and a port, of a text that has both with `:` between them. */
export interface Place {
  readonly address: string;
  /** 0: not said. */
  readonly port: number;
}

/** With a zone, as Go's servers write it. */
const ADDRESS = /^[0-9A-Fa-f.:]+(%[!-~]+)?$/;
const PORT = /^[0-9]{1,5}$/;

/** Creates the reader of one of them: on a kept connection it is the same each time. */
export function createPlaceReader(): (text: string | undefined) => Place | undefined {
  let [last, place]: [string | undefined, Place | undefined] = [undefined, undefined];
  return (text) => {
    if (text !== last) [last, place] = [text, placeOf(text)];
    return place;
  };
}

/** Reads one; undefined if it is none. */
export function placeOf(text: string | undefined): Place | undefined {
  if (text === undefined) return undefined;
  const colon = text.lastIndexOf(':');
  const isBracketed = text.charCodeAt(0) === 0x5b && text.charCodeAt(colon - 1) === 0x5d;
  const address = isBracketed ? text.slice(1, colon - 1) : text.slice(0, colon);
  const port = text.slice(colon + 1);
  if (colon < 0 || !ADDRESS.test(address)) return undefined;
  return { address, port: PORT.test(port) && Number(port) <= 65_535 ? Number(port) : 0 };
}
