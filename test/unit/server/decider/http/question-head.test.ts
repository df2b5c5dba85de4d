import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { announcesBody, QuestionHead } from '../../../../../src/server/decider/http/question-head.ts';

const heads: readonly { readonly name: string; readonly lines: readonly string[]; readonly body: boolean }[] = [
  { name: 'no body', lines: ['Host', 'a', 'X-Length', '5', 'Cookie', 'content-length=5'], body: false },
  { name: 'a body of no length', lines: ['Content-Length', '0'], body: false },
  { name: 'a length', lines: ['Host', 'a', 'CONTENT-length', '5'], body: true },
  { name: 'a length that is odd', lines: ['content-length', '00'], body: true },
  { name: 'pieces', lines: ['transfer-ENCODING', 'chunked'], body: true },
  { name: 'an empty coding', lines: ['Transfer-Encoding', ''], body: true },
  { name: 'a length and pieces', lines: ['Content-Length', '0', 'Transfer-Encoding', 'chunked'], body: true },
];

function head(lines: readonly string[]): QuestionHead {
  const made = new QuestionHead(new Socket());
  made.rawHeaders = [...lines];
  return made;
}

describe('QuestionHead', () => {
  for (const { name, lines, body } of heads)
    it(`says whether a body follows: ${name}`, () => assert.equal(announcesBody(head(lines)), body));

  it('has a table of what concerns the body, and every line as it came', () => {
    const lines = ['Host', 'a', 'Expect', '100-continue', 'Content-Length', '5', 'x-user', 'b', '__proto__', 'c'];
    const { headers, rawHeaders } = head(lines);
    assert.deepEqual(headers, { expect: '100-continue', 'content-length': '5' });
    assert.deepEqual(rawHeaders, lines);
  });
});
