import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { findingCodes } from '../../../../../src/policy/documents/codes/finding-codes.ts';

describe('findingCodes', () => {
  it('has each code once', () => {
    assert.equal(new Set(findingCodes.map(({ code }) => code)).size, findingCodes.length);
  });

  it('is the list of docs/findings.md', () => {
    const [, list = ''] = readFileSync('docs/findings.md', 'utf8').split('\n## Codes\n');
    const rows = list.match(/^\| `[^`]+` \| .*$/gm) ?? [];
    assert.deepEqual(
      rows,
      findingCodes.map(({ code, severity, means }) => `| \`${code}\` | ${severity} | ${means} |`),
    );
  });
});
