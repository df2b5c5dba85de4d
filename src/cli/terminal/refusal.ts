/**
 * Where a command was refused, and nothing was changed.
 * @module
 */
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import { type OutputFormat, show } from './output.ts';
import type { Terminal } from './terminal.ts';

/**
 * Shows why, and returns the exit code of a refusal.
 *
 * @param refusals  codes of errors that are refusals
 * @param what  begins the text for people: `not restored`
 * @throws whatever was thrown and is none
 */
export function showRefusal(
  terminal: Terminal,
  output: OutputFormat,
  thrown: unknown,
  { refusals, what }: { readonly refusals: readonly ErrorCode[]; readonly what: string },
): 1 {
  if (!(thrown instanceof GatehouseError) || !refusals.includes(thrown.code)) throw thrown;
  const { code, message, details } = thrown;
  show(terminal, output, { done: false, code, message, details }, (shown) => `${what}: ${shown.message}\n`);
  return 1;
}
