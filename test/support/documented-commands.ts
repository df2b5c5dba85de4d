/**
 * Every command line that people are shown: in code blocks and between backticks of the documents, and as the example of a command's help.
 * @module
 */
import { globSync, readFileSync } from 'node:fs';
import { allCommands, commandLine } from './command-line.ts';

export interface DocumentedCommand {
  /** E.g. `docs/envoy.md:10`, or `gatehouse ca log --help`. */
  readonly where: string;
  /** What follows `gatehouse`, as a shell takes it apart; without comment, redirection and `&`. */
  readonly words: readonly string[];
  /** Between backticks it may be the mere name of a command, or have `…` in place of what is of no interest there. */
  readonly isInline: boolean;
}

/** A guide whose commands go by files of its own: its own test runs each of them, and compares what it prints. */
const ownTest = 'docs/tenancy.md';

/** In the order of the documents. */
export async function documentedCommands(): Promise<readonly DocumentedCommand[]> {
  const files = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...globSync('docs/*.md')
      .filter((file) => file !== ownTest)
      .sort(),
  ];
  const inDocuments = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const at = (index: number): string => `${file}:${text.slice(0, index).split('\n').length}`;
    return [
      ...[...text.matchAll(line)].map(({ index, 1: command = '' }) => shown(at(index), command, false)),
      ...[...text.matchAll(inline)].map(({ index, 1: command = '' }) => shown(at(index), command, true)),
    ];
  });
  const examples: DocumentedCommand[] = [];
  for (const words of await allCommands()) {
    const { out } = await commandLine(...words, '--help');
    const help = out.slice(out.indexOf('Example'));
    for (const { 1: command = '' } of help.matchAll(line)) {
      examples.push(shown(`gatehouse ${words.join(' ')} --help`, command, false));
    }
  }
  return [...inDocuments, ...examples].filter(({ words }) => words[0] !== 'ARGUMENTS');
}

const program = '(?:npm run -s gatehouse -- |gatehouse )';
/** A line of a code block: indented, after a prompt, or at the margin; a backslash goes on with the next line. */
const line = new RegExp(`^(?: {2,4}|\\$ )?${program}((?:.*\\\\\\n)*.*)$`, 'gm');
const inline = new RegExp(`\`${program}([^\`]*)\``, 'g');

function shown(where: string, command: string, isInline: boolean): DocumentedCommand {
  return { where, words: words(command.replaceAll('\\\n', ' ')), isInline };
}

/** Takes a line apart as a shell does, as far as documents need it. */
function words(text: string): readonly string[] {
  const found: string[] = [];
  for (const [, single, double, bare] of text.matchAll(/'([^']*)'|"([^"]*)"|((?:\$\([^)]*\)|[^\s'"])+)/g)) {
    if (bare === '|' || bare === '>' || bare === '&' || bare?.startsWith('#') === true) break;
    found.push(single ?? double ?? bare ?? '');
  }
  return found;
}
