/**
 * Starts the real `gatehouse serve` and waits for its ready line.
 * @module
 */
import { join } from 'node:path';
import { missingFlags } from '../../src/platform/node-flags.ts';
import { startChild } from './child.ts';

export const projectRoot = join(import.meta.dirname, '../..');

/** The line that `serve` prints when it is ready. */
export interface ReadyLine {
  readonly ready: true;
  readonly extAuthz: string;
  readonly httpAuth?: string;
  readonly workloadApi: string;
  readonly admin: string;
  readonly admins: readonly string[];
  readonly health: string;
  /** Where the configuration has one. */
  readonly feed?: string;
  readonly istioCa?: string;
  readonly xds?: string;
  readonly accessLog?: string;
  readonly bundle?: string;
  readonly oidc?: string;
  readonly admission?: string;
  readonly pid: number;
  readonly deciderPids: readonly number[];
}

export interface RunningGatehouse extends AsyncDisposable {
  readonly ready: ReadyLine;
  readonly pid: number;
  log(): string;
  stdout(): string;
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

const NODE_FLAGS = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];

/** The command line that runs a `gatehouse` command from a checkout. */
export function gatehouseCommand(...args: readonly string[]): readonly [string, readonly string[]] {
  return programCommand(join(projectRoot, 'src/main.ts'), ...args);
}

/** The command line that runs a command of another `gatehouse`. */
export function programCommand(main: string, ...args: readonly string[]): readonly [string, readonly string[]] {
  return [process.execPath, [...(args[0] === 'serve' ? missingFlags([]) : NODE_FLAGS), main, ...args]];
}

/**
 * Starts `gatehouse serve --config FILE`, from the checkout unless another program is named.
 *
 * @param descriptors  how many each of its processes may have open
 * @throws Error with its log if it ends before it is ready
 */
export async function runGatehouse(
  configFile: string,
  main?: string,
  { descriptors }: { readonly descriptors?: number } = {},
): Promise<RunningGatehouse> {
  const args = ['serve', '--config', configFile];
  const [program, flags] = main === undefined ? gatehouseCommand(...args) : programCommand(main, ...args);
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, program, ...flags];
  const child = descriptors === undefined ? startChild(program, flags) : startChild('/bin/sh', limited);
  const ready = await new Promise<ReadyLine>((resolve, reject) => {
    child.onLine((line) => {
      if (line.startsWith('{"ready":true')) resolve(JSON.parse(line) as ReadyLine); // the contract's own line
    });
    void child.ended.then((how) =>
      reject(new Error(`gatehouse serve ended (${how}) before it was ready\n${child.stderr()}`)),
    );
  });
  return {
    ready,
    pid: child.pid,
    log: child.stderr,
    stdout: child.stdout,
    stop: child.stop,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Runs one `gatehouse` command to its end; answers its stdout as JSON. */
export async function gatehouseJson(...args: readonly string[]): Promise<unknown> {
  const child = startChild(...gatehouseCommand(...args, '--output', 'json'));
  const code = await child.ended;
  if (code !== 0) throw new Error(`gatehouse ${args.join(' ')} ended with ${code}\n${child.stderr()}`);
  return JSON.parse(child.stdout());
}
