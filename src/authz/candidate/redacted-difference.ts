/**
 * Differences as they are told: without the secrets of their requests.
 * @module
 */
import { type RedactedDecision, type RedactedTokens, redactedTokens } from '../record/redacted-decision.ts';
import type { RingEntry } from '../record/ring.ts';
import type { CandidateCounts } from './comparison.ts';
import type { DifferenceRow } from './difference-rows.ts';

/** A row without secrets. Plain data. */
export type RedactedDifference = DifferenceRow<RedactedDecision, RedactedTokens>;

/** Counts without secrets. Plain data. */
export interface RedactedCandidateCounts extends Omit<CandidateCounts, 'rows'> {
  readonly rows: readonly RedactedDifference[];
}

/** Larger requests are told without their bytes. */
const MOST_BYTES = 8 * 1024;

/** Takes the secrets out. @param redact  by the policies in force and by the candidate's */
export function redactedCounts(
  { rows, ...counts }: CandidateCounts,
  redact: (entry: RingEntry) => RedactedDecision,
): RedactedCandidateCounts {
  return {
    ...counts,
    rows: rows.map(({ example: { request, ...entry }, exampleTokens, ...row }) => ({
      ...row,
      example: redact({ ...entry, request: (request?.length ?? 0) <= MOST_BYTES ? request : undefined }),
      exampleTokens: exampleTokens && redactedTokens(exampleTokens),
    })),
  };
}
