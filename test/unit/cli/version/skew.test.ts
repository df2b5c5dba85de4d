import assert from 'node:assert/strict';
import { skewOf } from '../../../../src/cli/version/skew.ts';

describe('skewOf', () => {
  for (const [client, server, want] of [
    ['1.2.3', '1.2.3', 'none'],
    ['1.2.3', '1.2.4', 'patch'],
    ['1.2.3', '1.3.3', 'minor'],
    ['2.2.3', '1.2.3', 'major'],
    ['1.2.3', '1.2.3-rc.1', 'patch'],
    ['1.2.3', undefined, 'unknown'],
    ['1.2.3', 'next', 'unknown'],
  ] as const)
    it(`of ${client} and ${server} is ${want}`, () => assert.equal(skewOf(client, server), want));
});
