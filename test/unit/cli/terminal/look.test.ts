import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lookOf, plainLook, printableStyled } from '../../../../src/cli/terminal/look.ts';
import { show } from '../../../../src/cli/terminal/output.ts';
import { showingOnly } from '../../../../src/cli/terminal/terminal.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';

const stream = (of: Partial<NodeJS.WriteStream>) => of as NodeJS.WriteStream; // only what is read

/** What a program of its own writes whose stdout is a pipe, as colour is decided by the environment of a process. */
function inColour(environment: Record<string, string>): string {
  const script = `import { lookOf } from './src/cli/terminal/look.ts';
    process.stdout.write(lookOf(process.stdout, process.env).style('bad', 'deny'));`;
  return execFileSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', script],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
}

describe('lookOf', () => {
  const widths = [
    { name: 'a pipe has no width', tty: {}, environment: {}, want: undefined },
    { name: 'a terminal says its own', tty: { isTTY: true, columns: 100 }, environment: {}, want: 100 },
    { name: 'a terminal that does not say is 80 wide', tty: { isTTY: true, columns: 0 }, environment: {}, want: 80 },
    { name: 'COLUMNS goes before', tty: { isTTY: true, columns: 100 }, environment: { COLUMNS: '72' }, want: 72 },
    { name: 'COLUMNS counts for a pipe', tty: {}, environment: { COLUMNS: '72' }, want: 72 },
    { name: 'what is no number does not', tty: {}, environment: { COLUMNS: 'wide' }, want: undefined },
    { name: 'a sliver is taken for 20', tty: { isTTY: true, columns: 3 }, environment: {}, want: 20 },
  ];
  for (const { name, tty, environment, want } of widths) {
    it(name, () => assert.equal(lookOf(stream(tty), environment).columns, want));
  }

  it('has no colour in a pipe, unless FORCE_COLOR says so', () => {
    assert.equal(inColour({}), 'deny');
    assert.equal(inColour({ FORCE_COLOR: '1' }), '\u001b[31mdeny\u001b[39m');
    assert.equal(inColour({ NO_COLOR: '1' }), 'deny');
    assert.equal(inColour({ FORCE_COLOR: '0' }), 'deny');
  });
});

describe('the door for colours', () => {
  const coloured = { style: (_: string, text: string) => `\u001b[31m${text}\u001b[39m` };

  it('lets our own colours pass', () => {
    assert.equal(printableStyled('\u001b[1mA\u001b[22m\n'), '\u001b[1mA\u001b[22m\n');
  });

  it('lets nothing else pass that a terminal obeys', () => {
    for (const evil of [
      '\u001b[2J',
      '\u001b[8m',
      '\u001b[31;8m',
      '\u001b]0;title\u0007',
      '\u009b31m',
      '\u202e',
      '\u001b[38;5;1m',
    ])
      assert.match(printableStyled(`a${evil}b`), /^[\x20-\x7e]*$/, JSON.stringify(evil));
  });

  it('does not let a value have colour: only what the renderer styles', () => {
    const terminal = recordingTerminal();
    show(
      showingOnly({ ...terminal, look: coloured }),
      'table',
      { path: '\u001b[32mallow\u001b[39m' },
      ({ path }, look) => `${look.style('bad', 'deny')} ${path}\n`,
    );
    assert.equal(terminal.said.out, '\u001b[31mdeny\u001b[39m \\u001b[32mallow\\u001b[39m\n');
  });

  it('has no colour where the terminal has no look', () => {
    const terminal = recordingTerminal();
    show(terminal, 'table', {}, (_, look) => `${look === plainLook}\n`);
    assert.equal(terminal.said.out, 'true\n');
  });
});
