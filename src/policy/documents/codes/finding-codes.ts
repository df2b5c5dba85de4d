/**
 * Every code that a finding about policies can have, and what it means. A code is stable: people write it into ignores.
 * @module
 */
import { errorCodes } from './error-codes.ts';
import { hintCodes } from './hint-codes.ts';
import { warningCodes } from './warning-codes.ts';

/** How much a finding matters, the least first. */
export const severities = ['hint', 'warning', 'error'] as const;

/** `error`: the file does not come into force. `warning`: probably not what was meant. `hint`: good to know. */
export type Severity = (typeof severities)[number];

/** A code of a finding. */
export type FindingCode = keyof typeof errorCodes | keyof typeof warningCodes | keyof typeof hintCodes;

/** One row of the list of codes. */
interface CodeRow {
  readonly code: string;
  /** What it usually is; a few depend on what was found. */
  readonly severity: Severity;
  readonly means: string;
}

/** All codes in the order of the alphabet, errors first. */
export const findingCodes: readonly CodeRow[] = [
  ...rows('error', errorCodes),
  ...rows('warning', warningCodes),
  ...rows('hint', hintCodes),
];

function rows(severity: Severity, codes: Readonly<Record<string, string>>): readonly CodeRow[] {
  return Object.entries(codes)
    .map(([code, means]) => ({ code, severity, means }))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

const severityOf = new Map(findingCodes.map(({ code, severity }) => [code, severity]));

/** Whether there is such a code. */
export const isFindingCode = (code: string): code is FindingCode => severityOf.has(code);

/** Whether one severity matters as much as another, or more. */
export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  severities.indexOf(severity) >= severities.indexOf(least);
