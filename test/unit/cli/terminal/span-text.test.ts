import assert from 'node:assert/strict';
import { spanText } from '../../../../src/cli/terminal/span-text.ts';

describe('spanText', () => {
  for (const [ms, want] of [
    [0, '0s'],
    [-5, '0s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [3_661_000, '1h 1m'],
    [90_000_000, '1d 1h'],
  ] as const)
    it(`writes ${ms} ms as ${want}`, () => assert.equal(spanText(ms), want));
});
