import assert from 'node:assert/strict';
import { allOnOneLine, oneLine, printableJson, printableLines } from '../../../src/lib/printable.ts';

/** What a terminal obeys, or does not show, each by its code point. */
const UNSEEN: readonly { name: string; code: number }[] = [
  { name: 'ESC', code: 0x1b },
  { name: 'BEL', code: 0x07 },
  { name: 'backspace', code: 0x08 },
  { name: 'carriage return', code: 0x0d },
  { name: 'vertical tab', code: 0x0b },
  { name: 'DEL', code: 0x7f },
  { name: 'C1 CSI', code: 0x9b },
  { name: 'C1 OSC', code: 0x9d },
  { name: 'next line', code: 0x85 },
  { name: 'soft hyphen', code: 0xad },
  { name: 'Arabic letter mark', code: 0x61c },
  { name: 'zero width space', code: 0x200b },
  { name: 'left-to-right mark', code: 0x200e },
  { name: 'right-to-left override', code: 0x202e },
  { name: 'first strong isolate', code: 0x2068 },
  { name: 'line separator', code: 0x2028 },
  { name: 'paragraph separator', code: 0x2029 },
  { name: 'byte order mark', code: 0xfeff },
  { name: 'interlinear annotation', code: 0xfff9 },
  { name: 'half of a pair', code: 0xd800 },
  { name: 'language tag', code: 0xe0001 },
  { name: 'Hangul filler', code: 0x3164 },
];

describe('oneLine', () => {
  for (const { name, code } of UNSEEN) {
    it(`escapes ${name}`, () => {
      const text = `a${String.fromCodePoint(code)}b`;
      assert.match(oneLine(text), /^a\\[ux0-9a-zA-Z\\]+b$/);
      assert.match(printableLines(text), /^a\\[ux0-9a-zA-Z\\]+b$/);
      assert.deepEqual(JSON.parse(printableJson(JSON.stringify(text))), text);
      assert.match(printableJson(JSON.stringify(text)), /^[\x20-\x7e]*$/);
    });
  }

  it('escapes newlines and tabs, which lines of their own keep', () => {
    assert.equal(oneLine('a\nb\tc'), 'a\\nb\\tc');
    assert.equal(printableLines('a\nb\tc'), 'a\nb\tc');
  });

  it('leaves what people write as it is', () => {
    for (const text of ['naïve', 'Grüße', '日本語', '\u{1f600}', 'a\\b', "it's"]) assert.equal(oneLine(text), text);
  });
});

describe('allOnOneLine', () => {
  it('reaches every text and every key, and lets lines stay only at that place', () => {
    const shown = allOnOneLine(
      { 'a\nb': ['c\nd'], n: 1, none: null, flip: { diff: 'e\nf\u009b' }, diff: 'g\nh', other: { diff: 'i\nj' } },
      ['flip', 'diff'],
    );
    assert.deepEqual(shown, {
      'a\\nb': ['c\\nd'],
      n: 1,
      none: null,
      flip: { diff: 'e\nf\\u009b' },
      diff: 'g\\nh',
      other: { diff: 'i\\nj' },
    });
  });
});
