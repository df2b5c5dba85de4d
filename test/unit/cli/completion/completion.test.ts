import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { commandLine } from '../../../support/command-line.ts';
import { tempDir } from '../../../support/temp-dir.ts';

/** The words that may stand next, without their descriptions and the last line, which is for the shell. */
async function next(...words: string[]): Promise<string[]> {
  const { out, err, code } = await commandLine('complete', '--', ...words);
  assert.deepEqual([err, code], ['', 0]);
  return out
    .split('\n')
    .slice(0, -2)
    .map((line) => line.split('\t')[0]!);
}

describe('gatehouse complete', () => {
  const cases: readonly { name: string; words: string[]; want: readonly string[] }[] = [
    { name: 'a command that is begun', words: ['polic'], want: ['policy'] },
    { name: 'a command of a group', words: ['policy', 'ch'], want: ['check'] },
    { name: 'an option', words: ['svid', 'fetch', '--sock'], want: ['--socket'] },
    { name: 'a value of an option', words: ['ca', 'status', '--output', ''], want: ['json', 'table'] },
    { name: 'a value of an operand', words: ['completion', ''], want: ['bash', 'zsh', 'fish'] },
    { name: 'not itself', words: ['complet'], want: ['completion'] },
    { name: 'nothing where a file belongs', words: ['ca', 'status', '--config', ''], want: [] },
  ];
  for (const { name, words, want } of cases)
    it(`knows ${name}`, async () => assert.deepEqual(await next(...words), want));

  it('lets the shell look for files where it knows nothing', async () => {
    assert.equal((await commandLine('complete', '--', 'ca', 'status', '--config', '')).out, ':0\n');
  });
});

describe('gatehouse completion', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`prints what ${shell} reads, which asks gatehouse complete`, async () => {
      const { out, code } = await commandLine('completion', shell);
      assert.equal(code, 0);
      assert.match(out, /gatehouse complete --/);
      const { out: json } = await commandLine('completion', shell, '--output', 'json');
      assert.deepEqual(JSON.parse(json), { shell, script: out });
    });
  }

  it('is taken by bash itself, which then completes', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('script'), (await commandLine('completion', 'bash')).out);
    writeFileSync(dir.at('gatehouse'), '#!/bin/sh\nprintf "policy\\tcheck policy files\\n:4\\n"\n');
    chmodSync(dir.at('gatehouse'), 0o755);
    const ask = `. ${dir.at('script')}
      function_name=$(complete -p gatehouse | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      COMP_WORDS=(gatehouse polic) COMP_CWORD=1 COMP_LINE='gatehouse polic' COMP_POINT=15
      $function_name gatehouse polic gatehouse 2>/dev/null; echo "\${COMPREPLY[@]}"`;
    const answer = execFileSync('bash', ['-c', ask], {
      encoding: 'utf8',
      env: { PATH: `${dir.path}:${process.env.PATH}` },
    });
    assert.match(answer, /policy/);
  });
});
