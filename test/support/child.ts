/**
 * Child processes that never outlive us, with what they said kept for the error message.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Everything written so far to stdout and stderr. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when it has ended: exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Sends the signal and waits for the end; SIGKILL follows after a minute. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
  /** Calls back for each whole line on stdout. */
  onLine(listen: (line: string) => void): void;
}

const living = new Set<ChildProcess>();
const killAll = () => {
  for (const child of living) child.kill('SIGKILL');
};
process.once('exit', killAll);

/** Starts a program without a shell. @param cwd  its working directory; ours, unless told */
export function startChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd?: string,
): Child {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  let stdout = '';
  let stderr = '';
  let pending = '';
  const listeners: ((line: string) => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const lines = (pending + text).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) for (const listen of listeners) listen(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'closed'));
  }).finally(() => living.delete(child));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const force = setTimeout(() => child.kill('SIGKILL'), 60_000);
      child.kill(signal);
      await once(child, 'exit');
      clearTimeout(force);
    }
    return ended;
  };
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    stop,
    onLine: (listen) => listeners.push(listen),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
