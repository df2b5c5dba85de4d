import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

interface Block {
  readonly language: string;
  readonly head: string;
  readonly body: string;
}

const blocks = [...readFileSync('docs/tenancy.md', 'utf8').matchAll(/^```(yaml|console)\n(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', head = '', body = '']): Block => ({ language, head, body }),
);

/** Columns are as wide as the paths of this machine. */
const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/ $/gm, '').trim();

describe('docs/tenancy.md', () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
  });
  after(() => dir[Symbol.asyncDispose]());

  for (const { language, head, body } of blocks)
    if (language === 'yaml') {
      it(`writes ${head.slice(2)}`, () => {
        const file = dir.at(head.slice(2));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, body);
      });
    } else {
      it(`prints what it says: ${head.slice(2)}`, async () => {
        const [program, ...words] = head.slice(2).split(' ');
        assert.equal(program, 'gatehouse');
        const terminal = recordingTerminal();
        await runCommandLine(
          words.map((word) => (word.includes('.yaml') ? dir.at(word) : word)),
          terminal,
        );
        const { out, err, code } = terminal.said;
        assert.equal(plain(`${(out + err).replaceAll(`${dir.path}/`, '')}exit ${code}`), plain(body));
      });
    }

  it('shows seven answers', () => {
    assert.equal(blocks.filter(({ language }) => language === 'console').length, 7);
  });
});
