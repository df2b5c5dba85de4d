import assert from 'node:assert/strict';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';

describe('parseDuration', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['300ms', 300],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
    ['1', undefined],
    ['1.5h', undefined],
    ['1 h', undefined],
    ['-1h', undefined],
    ['1h30m', undefined],
    ['01h', undefined],
    ['', undefined],
  ];
  for (const [text, want] of cases) it(`reads ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), want));
});

describe('formatDuration', () => {
  const cases: readonly (readonly [number, string])[] = [
    [300, '300ms'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [365 * 86_400_000, '365d'],
    [0, '0ms'],
  ];
  for (const [ms, want] of cases) it(`writes ${ms}`, () => assert.equal(formatDuration(ms), want));
});
