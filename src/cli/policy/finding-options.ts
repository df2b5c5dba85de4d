/**
 * Which findings the commands about policy tell, and the list of their codes.
 * @module
 */
import { type Command, Option } from 'commander';
import { findingCodes, isAtLeast, type Severity, severities } from '../../policy/documents/codes/finding-codes.ts';
import { type OutputFormat, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

/** What the options say. */
export interface FindingFlags {
  readonly severity: Severity;
  /** False: what is ignored is told like the rest. */
  readonly ignore: boolean;
  readonly codes?: true;
  readonly output: OutputFormat;
}

/** Adds `--severity`, `--no-ignore` and `--codes`. */
export function addFindingOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--severity <least>', 'tell findings of this severity and above').choices(severities).default('hint'),
    )
    .addOption(new Option('--no-ignore', 'tell also what # gatehouse:ignore and gatehouse.dev/ignore leave out'))
    .addOption(new Option('--codes', 'list the codes of findings and what they mean, and end'));
}

/** The findings that are to be told. */
export function told<T extends { readonly severity: Severity }>(
  findings: readonly T[],
  { severity: least }: FindingFlags,
): readonly T[] {
  return findings.filter(({ severity }) => isAtLeast(severity, least));
}

/** `…; ignored 2 findings (--no-ignore shows them)`, and only the summary where there are none. */
export function withIgnored(summary: string, ignored: number): string {
  return ignored === 0
    ? summary
    : `${summary}; ignored ${ignored} ${ignored === 1 ? 'finding' : 'findings'} (--no-ignore shows them)`;
}

/** Writes the list of codes. */
export function showCodes(terminal: Terminal, format: OutputFormat): void {
  show(terminal, format, { codes: findingCodes }, ({ codes }, look) =>
    textTable(
      ['CODE', 'SEVERITY', 'MEANING'],
      codes.map(({ code, severity, means }) => [code, severity, means]),
      'no codes',
      look,
    ),
  );
}
