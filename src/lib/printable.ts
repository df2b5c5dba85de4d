/**
 * Text from outside, so that a terminal only shows it: nothing in it moves the cursor, turns the direction of writing, hides, or
 * begins a line of its own.
 * @module
 */

/**
 * What a terminal obeys or does not show: control characters (C0, DEL, C1), formatting ones (bidirectional controls, zero width,
 * tags), separators of lines and paragraphs, halves of surrogate pairs, and whatever Unicode wants ignored.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** The same where lines and tabs are the text's own. */
const UNSEEN_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** Found sooner than those above, and there in whatever has one of them. */
const NOT_PLAIN = /[\0-\x08\x0b-\x1f\x7f-\uffff]/;

const short: ReadonlyMap<string, string> = new Map(Object.entries<string>({ '\n': '\\n', '\r': '\\r', '\t': '\\t' }));

const hex = (code: number): string => code.toString(16).padStart(4, '0');

/** As JSON, JavaScript and YAML's double quotes write it, in units of UTF-16 above U+FFFF. */
const units = (character: string): string =>
  Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i))}`).join('');

/** Escapes all that a terminal would not show, newlines too: what comes back is one line. */
export function oneLine(text: string): string {
  return text.replace(UNSEEN, (character) => short.get(character) ?? units(character));
}

/** Escapes all that a terminal would not show, except newlines and tabs. */
export function printableLines(text: string): string {
  return text.replace(UNSEEN_IN_LINES, (character) => short.get(character) ?? units(character));
}

/** Escapes the same in a text of JSON, which means what it meant. */
export function printableJson(json: string): string {
  return NOT_PLAIN.test(json) ? json.replace(UNSEEN_IN_LINES, units) : json;
}

/** Escapes the same in a text of YAML, where it stands in double quotes only. */
export function printableYaml(yaml: string): string {
  return yaml.replace(UNSEEN_IN_LINES, (character) =>
    character.length > 1 ? `\\U${hex(character.codePointAt(0)!).padStart(8, '0')}` : units(character),
  );
}

/** The end of the path of keys at which a text may have lines. */
export type LinesAt = readonly string[];

/**
 * Makes one line of every text in `value`, however deep, keys too; everything else stays.
 *
 * @param linesAt  where texts have lines of their own, which stay
 */
export function allOnOneLine<T>(value: T, linesAt: LinesAt = []): T {
  const path: string[] = [];
  const keepsLines = (): boolean =>
    linesAt.length > 0 && linesAt.every((key, i) => path[path.length - linesAt.length + i] === key);
  const visit = (each: unknown): unknown => {
    if (typeof each === 'string') return keepsLines() ? printableLines(each) : oneLine(each);
    if (Array.isArray(each)) return each.map(visit);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(
      Object.entries(each).map(([key, inner]) => {
        path.push(key);
        const shown = visit(inner);
        path.pop();
        return [oneLine(key), shown];
      }),
    );
  };
  return visit(value) as T; // of the same shape: only texts differ
}
