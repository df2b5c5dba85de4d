/**
 * JSON in which no object has a name twice: which of the two counts would depend on the reader (RFC 8259 §4).
 * @module
 */

/** A JSON text, read. */
export interface StrictJson {
  readonly value: unknown;
  /** Members of the outermost object whose values are numbers, as they are written: a number may say more than a double holds. */
  readonly numbers: ReadonlyMap<string, string>;
}

/** Why a text is refused. */
export class JsonRefused extends Error {}

const numeral = /-?[0-9][0-9.eE+-]*/y;

/** Reads a text. @throws JsonRefused where it is no JSON, or an object in it has a name twice */
export function readStrictJson(text: string): StrictJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonRefused('it is not JSON');
  }
  return { value, numbers: namesIn(text) };
}

/** Walks over a text that is JSON: only where strings end and what they name is left to be seen. */
function namesIn(text: string): ReadonlyMap<string, string> {
  const numbers = new Map<string, string>();
  /** The names of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (isName && names !== undefined) {
        const name = JSON.parse(text.slice(at, end)) as string; // it begins and ends with a quote
        if (names.has(name)) throw new JsonRefused(`it has ${JSON.stringify(name)} twice in one object`);
        names.add(name);
        if (open.length === 1) noteNumber(text, end, name, numbers);
      }
      at = end - 1;
      isName = false;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      isName = character === '{';
    } else if (character === '}' || character === ']') open.pop();
    else if (character === ',') isName = open.at(-1) !== undefined;
  }
  return numbers;
}

/** Where the string that begins at `start` is over. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
}

function noteNumber(text: string, afterName: number, name: string, numbers: Map<string, string>): void {
  let at = text.indexOf(':', afterName) + 1;
  while (/\s/.test(text[at] ?? '')) at++;
  numeral.lastIndex = at;
  const found = numeral.exec(text)?.[0];
  if (found !== undefined) numbers.set(name, found);
}
