import assert from 'node:assert/strict';
import stringWidth from 'string-width';
import { plainLook } from '../../../../src/cli/terminal/look.ts';
import { textTable } from '../../../../src/cli/terminal/text-table.ts';

const HEADINGS = ['SPIFFE ID', 'SELECTORS', 'TTL', 'WRITTEN AT', 'NOTE'];
const ID = 'spiffe://a-rather-long-trust-domain.example.org/ns/payments-production/sa/settlement-worker';
const ROW = [ID, 'unix:user:settlement unix:group:payments', '1h', '/etc/gatehouse/gatehouse.yaml:120:5', 'revoked'];
const at = (columns: number) => ({ ...plainLook, columns });

describe('textTable', () => {
  it('cuts nothing where nobody looks', () => {
    const [, row] = textTable(HEADINGS, [ROW], 'none', plainLook).split('\n');
    for (const cell of ROW) assert.ok(row!.includes(cell), cell);
  });

  it('fits every line into the columns of the terminal', () => {
    for (const columns of [60, 72, 80, 100, 132]) {
      const lines = textTable(HEADINGS, [ROW, ROW.map((cell) => `${cell} 日本語 😀`)], 'none', at(columns)).split('\n');
      for (const line of lines) assert.ok(stringWidth(line) <= columns, `${columns}: ${line}`);
    }
  });

  it('uses all columns that there are, and cuts the widest first', () => {
    const lines = textTable(HEADINGS, [ROW], 'none', at(80)).split('\n');
    assert.equal(stringWidth(lines[1]!), 80);
    assert.match(lines[1]!, / 1h /);
    assert.match(lines[1]!, /revoked$/);
  });

  it('keeps both ends of a name, the beginning of a sentence, and says that it cut', () => {
    const [, row, said] = textTable(
      ['ID', 'REASON'],
      [[ID, 'a key was found in a repository that everybody reads']],
      '',
      at(60),
    ).split('\n');
    assert.match(row!, /^spiffe:\/\/a-.*…\S*worker {2}a key was .*…$/);
    assert.match(said!, /cut to fit/);
  });

  it('says nothing of cuts where all fits', () => {
    assert.equal(textTable(['A', 'B'], [['x', 'y']], '', at(80)), 'A  B\nx  y\n');
  });

  it('is empty in words', () => assert.equal(textTable(['A'], [], 'nothing yet', at(80)), 'nothing yet\n'));

  it('aligns wide characters by what they take on the screen', () => {
    assert.equal(
      textTable(
        ['A', 'B'],
        [
          ['日本', 'x'],
          ['abcd', 'y'],
        ],
        '',
        plainLook,
      ),
      'A     B\n日本  x\nabcd  y\n',
    );
  });

  it('colours a cell by what it is, and measures it without its colour', () => {
    const look = { style: (style: string, text: string) => `<${style}>${text}</>`, columns: 80 };
    assert.equal(
      textTable(['A', 'B'], [[{ text: 'deny', style: 'bad' }, 'x']], '', look),
      '<heading>A</>     <heading>B</>\n<bad>deny</>  x\n',
    );
  });
});
