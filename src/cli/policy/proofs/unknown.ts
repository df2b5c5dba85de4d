/**
 * Says that nobody can say: a bound was met, or a rule cannot be represented.
 * @module
 */
import { BoundMet } from '../../../analysis/regions/bound.ts';
import { jsonText } from '../../terminal/output.ts';
import type { ExitCode, Terminal } from '../../terminal/terminal.ts';

/** Runs what may meet a bound; then says which rule it was, and exits with 2. */
export function orUnknown(terminal: Terminal, output: string, body: () => ExitCode): ExitCode {
  try {
    return body();
  } catch (thrown) {
    if (!(thrown instanceof BoundMet)) throw thrown;
    const { message, culprit } = thrown;
    if (output === 'json') terminal.out(jsonText({ complete: false, unknown: [{ why: message, ...culprit }] }));
    const where =
      culprit === undefined ? '' : ` (${culprit.file}:${culprit.line}: rule ${culprit.rule} of ${culprit.policy})`;
    terminal.err(`gatehouse: unknown: ${message}${where}\n`);
    return 2;
  }
}
