import assert from 'node:assert/strict';
import { findMisindented } from '../../../../../src/policy/documents/yaml/indentation.ts';

const head = 'metadata:\n  name: a\n';

describe('findMisindented', () => {
  const rows: readonly { name: string; text: string; want: readonly [line: number, column: number, wanted: number] }[] = [
    { name: 'a line that is too deep', text: `${head}   namespace: b\n`, want: [3, 4, 3] },
    { name: 'a line that is not deep enough', text: `${head}  labels: { a: b }\n namespace: b\n`, want: [4, 2, 1] },
    { name: 'a first line that is deeper than those that follow', text: `${head}spec:\n   action: ALLOW\n  rules: []\n`, want: [4, 4, 3] },
    { name: 'the same before several, without any other step', text: 'spec:\n    a: 1\n  b: 2\n  c: 3\n', want: [2, 5, 3] },
    { name: 'the same in an item of a list', text: `${head}spec:\n  rules:\n     - from: []\n    - to: []\n    - to: []\n`, want: [5, 6, 5] },
    { name: 'a line that follows several', text: `${head}spec:\n    a: 1\n    b: 2\n   c: 3\n`, want: [6, 4, 5] },
    { name: 'the lines of another step, where either may be meant', text: 'spec:\n   a: 1\n  b: 2\n', want: [3, 3, 4] },
  ]; // biome-ignore format: a table
  for (const { name, text, want } of rows)
    it(`names ${name}`, () => {
      const { line, column, wantedColumn } = findMisindented(text) ?? {};
      assert.deepEqual([line, column, wantedColumn], want);
    });

  it('names nothing where every line begins at a level', () => {
    assert.equal(findMisindented(`${head}spec:\n  rules:\n   - to: []\n  action: ALLOW\n`), undefined);
  });
});
