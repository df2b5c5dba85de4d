/**
 * What one run of a program costs, from its start to its end.
 * @module
 */
import { execFileSync } from 'node:child_process';

/** Starts a program, waits for it, and says what it and its children took (Linux: proc(5), `cutime` and `cstime`). */
const RUN = `const { spawnSync } = require('node:child_process');
const [command, ...words] = process.argv.slice(1);
const { status } = spawnSync(command, words, { stdio: ['ignore', 'ignore', 'ignore'] });
const stat = require('node:fs').readFileSync('/proc/self/stat', 'utf8');
const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
process.stdout.write(JSON.stringify({ status, ticks: Number(fields[13]) + Number(fields[14]) }));`;

const TICKS_A_SECOND = 100;

/** CPU seconds of one run, user and system. @throws Error if it failed */
export function cpuSecondsOf(command: string, words: readonly string[]): number {
  const said = execFileSync(process.execPath, ['-e', RUN, '--', command, ...words], { encoding: 'utf8' });
  const { status, ticks } = JSON.parse(said) as { readonly status: number | null; readonly ticks: number }; // written above
  if (status !== 0) throw new Error(`${[command, ...words].join(' ')} ended with ${status}`);
  return ticks / TICKS_A_SECOND;
}
