/**
 * Takes turns with others on the machine: while one measures, nobody who takes the same lock does anything.
 *
 * `BENCH_LOCK` names the file that is locked (flock); without it there is no taking of turns.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs `work` while the lock is held; `shared` lets other work run beside it. */
export async function alone<T>(work: () => Promise<T>, shared = false): Promise<T> {
  const file = process.env['BENCH_LOCK'] ?? '';
  if (file === '') return work();
  const holder = spawn('flock', [shared ? '-s' : '-x', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const held = once(holder.stdout, 'data').then(() => true);
  if (!(await Promise.race([held, ended.then(() => false)]))) throw new Error(`BENCH_LOCK: ${file} cannot be locked`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
