/**
 * Says what is missing of what was seen, and whether nothing is suggested for it.
 * @module
 */
import { jsonText, note, type OutputFormat } from '../../terminal/output.ts';
import type { Terminal } from '../../terminal/terminal.ts';

/** Tells whether the gaps are a reason to suggest nothing; each is a line on stderr, and with JSON the refusal is a document too. */
export function refuseForGaps(
  gaps: readonly string[],
  { acceptGaps, output }: { readonly acceptGaps?: true; readonly output: OutputFormat },
  terminal: Terminal,
): boolean {
  for (const gap of gaps) note(terminal, gap);
  if (gaps.length === 0 || acceptGaps === true) return false;
  note(terminal, 'nothing is suggested: what was seen is not the whole; --accept-gaps suggests all the same');
  if (output === 'json') terminal.out(jsonText({ suggested: false, gaps }, 1));
  return true;
}
