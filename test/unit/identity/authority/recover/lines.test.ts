import assert from 'node:assert/strict';
import { linesIn } from '../../../../../src/identity/authority/recover/lines.ts';

/** The bytes of a text, cut into pieces of so many. */
async function* piecesOf(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
}

describe('linesIn', () => {
  const cases: readonly { name: string; input: string; want: readonly string[] }[] = [
    { name: 'nothing', input: '', want: [] },
    { name: 'one line with its end', input: 'a\n', want: ['a'] },
    { name: 'a last line without its end', input: 'a\nb', want: ['a', 'b'] },
    { name: 'empty lines', input: '\n\na\n', want: ['', '', 'a'] },
    {
      name: 'signs that end lines elsewhere',
      input: 'a\u2028b\u2029c\u0085d\re\r\n',
      want: ['a\u2028b\u2029c\u0085d\re\r'],
    },
    { name: 'characters of several bytes', input: 'ä€𝄞\n€\n', want: ['ä€𝄞', '€'] },
  ];
  for (const { name, input, want } of cases)
    it(`gives ${name}, wherever the bytes were cut`, async () => {
      for (const bytes of [1, 2, 3, 1000]) {
        const lines: string[] = [];
        for await (const line of linesIn(piecesOf(input, bytes))) lines.push(line);
        assert.deepEqual(lines, want, `pieces of ${bytes}`);
      }
    });
});
