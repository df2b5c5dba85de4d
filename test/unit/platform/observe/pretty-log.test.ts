import assert from 'node:assert/strict';
import { createPrettyLine } from '../../../../src/platform/observe/pretty-log.ts';

const line = (fields: Record<string, unknown>): string =>
  JSON.stringify({ level: 'warn', time: '2026-11-29T10:00:00.123Z', message: 'denied', ...fields });

describe('createPrettyLine', () => {
  it('gives time, level, message and the rest on one line', () => {
    const text = createPrettyLine(false)(line({ path: '/a', count: 2 }));
    assert.match(text, /^\[\d\d:\d\d:\d\d\.123\] WARN: denied \{"path":"\/a","count":2\}\n$/);
  });

  for (const [where, fields] of [
    ['a value', { path: '/\u001b[2J\u202e\nforged' }],
    ['the message', { message: 'x\u001b[2J\u202e\nforged' }],
    ['a key', { ['k\u001b[2J\u202e\nforged']: 1 }],
    ['an error', { err: { type: 'Error', message: 'x\u001b[2J\u202e', stack: 'Error: x\u001b[2J\u202e\nforged' } }],
    ['the level', { level: 'x\u001b[2J\u202e\nforged' }],
    ['the time', { time: 'x\u001b[2J\u202e\nforged' }],
  ] as const) {
    it(`writes what a terminal obeys in ${where} as text`, () => {
      const text = createPrettyLine(true)(line(fields));
      const own = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
      assert.doesNotMatch(text.replaceAll(own, ''), /[\u001b\u202e]|^forged/m);
    });
  }
});
