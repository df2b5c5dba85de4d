/**
 * Tells what makes a document unreadable: one error a line, in words of ours where the parser's would not help.
 * @module
 */
import type { YAMLParseError } from 'yaml';
import type { Place, Reporter } from '../finding.ts';
import type { Chunk } from './split.ts';
import { looksLikeJson } from './usual-json.ts';

/** Line breaks to Kubernetes' reader (YAML 1.1, and a lone carriage return) that other readers take for text. */
const ODD_BREAK = /\r(?!\n)|[\u0085\u2028\u2029]/;
/** In JSON the others stand in texts alone. */
const LONE_RETURN = /\r(?!\n)/;

/** Reports the first line break that not every reader takes for one. */
export function reportOddBreak({ text, line }: Chunk, report: Reporter): boolean {
  const at = text.search(looksLikeJson(text) ? LONE_RETURN : ODD_BREAK);
  if (at < 0) return false;
  const before = text.slice(0, at).split('\n');
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  report.error(
    { line: line + before.length - 1, column: (before.at(-1) ?? '').length + 1 },
    'yaml-syntax',
    '',
    `U+${code} ends a line for Kubernetes' reader, and for others it is text`,
    'end lines with a line feed',
  );
  return true;
}

/** Reports errors of the parser; what follows one on its line is mostly its consequence. */
export function reportSyntax(
  errors: readonly YAMLParseError[],
  { text }: Chunk,
  placeAt: (offset: number) => Place,
  report: Reporter,
): void {
  let last = 0;
  for (const error of errors) {
    const place = placeAt(error.pos[0]);
    if (place.line === last) continue;
    last = place.line;
    if (isNext(error, text)) {
      const message = 'another document begins here, and nothing divides it from the one before';
      report.error(place, 'yaml-syntax', '', message, 'put a line of --- before it');
      return;
    }
    report.error(place, 'yaml-syntax', '', error.message, 'mend the YAML at this place');
  }
}

/** Whether a document goes before the place: one that `...` ends, or JSON. */
function isNext({ code, pos }: YAMLParseError, text: string): boolean {
  if (code === 'MULTIPLE_DOCS') return true;
  return code === 'UNEXPECTED_TOKEN' && looksLikeJson(text) && /^[[{]/.test(text.slice(pos[0], pos[0] + 1));
}
