/**
 * Runs a program to its end.
 * @module
 */
import { spawn } from 'node:child_process';

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(
  command: readonly string[],
  more: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: more.cwd,
    env: { ...process.env, ...more.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, ...texts, stderr: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, ...texts }));
  });
}
