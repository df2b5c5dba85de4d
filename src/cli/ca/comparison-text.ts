/**
 * The forecast of a rotation beside what it did, for people.
 * @module
 */
import type { ComparisonAnswer } from '../../admin-api/rehearsal.ts';
import type { Look } from '../terminal/look.ts';
import { textTable } from '../terminal/text-table.ts';
import { lengthText } from './blockers.ts';

/** One line a step, each as the time since its own start. */
export function comparisonText({ forecast, actual }: ComparisonAnswer, look: Look): string {
  const since = (start: string | null, at: string | null): string =>
    start === null || at === null ? '-' : `+ ${lengthText(Date.parse(at) - Date.parse(start))}`;
  return textTable(
    ['STEP', 'FORECAST', 'ACTUAL'],
    [
      ['activate', since(forecast.startAt, forecast.activateSafeAt), since(actual.startAt, actual.activatedAt)],
      ['taint', since(forecast.startAt, forecast.taintSafeAt), since(actual.startAt, actual.taintedAt)],
      ['revoke', since(forecast.startAt, forecast.revokeSafeAt), since(actual.startAt, actual.revokedAt)],
      [
        'signing peak',
        `${forecast.signingPeakPerSecond}/s`,
        actual.signingPeakPerSecond === null ? '-' : `${actual.signingPeakPerSecond}/s`,
      ],
    ],
    '',
    look,
  );
}
