/**
 * A real PostgreSQL of our own, on a free port, gone at the end of its scope. Debian's server refuses to run as root: as root it
 * runs as nobody.
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { tempDir } from './temp-dir.ts';

export interface Postgres extends AsyncDisposable {
  readonly url: string;
  /** Runs one statement. */
  query(statement: string): Promise<void>;
  /** Stops it at once, as a power cut would; `start` recovers. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Freezes every process of it, and lets them go on. */
  pause(): void;
  resume(): void;
}

const identity = process.geteuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

function binaryDirectory(): string {
  // pg_isready lies beside the server: not where only a link to the server is.
  const [first] = globSync(['/usr/lib/postgresql/*/bin/pg_isready', '/usr/pgsql-*/bin/pg_isready']);
  if (!first) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return dirname(first);
}

function childrenOf(parent: number): number[] {
  return globSync('/proc/[0-9]*/stat').flatMap((path) => {
    try {
      const [pid, , , ppid] = readFileSync(path, 'utf8').split(' ');
      return Number(ppid) === parent ? [Number(pid)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

/** Makes a cluster and starts it. A missing PostgreSQL is a failure, not a skip. */
export async function startPostgres(): Promise<Postgres> {
  const args = ['-U', 'gatehouse', '-A', 'trust', '--no-sync', '-E', 'UTF8'];
  return startCluster((bin, data, cwd) => run(`${bin}/initdb`, ['-D', data, ...args], cwd));
}

export interface Standby extends Postgres {
  /** Makes it the one that can be written to. */
  promote(): Promise<void>;
}

/**
 * Starts a copy that follows `primary`, which from now on answers only what both have.
 *
 * @param at  the port of one that is gone, whose place it takes; by default a free one
 */
export async function startStandby(primary: Postgres, at?: number): Promise<Standby> {
  const from = new URL(primary.url);
  const standby = await startCluster(
    (bin, data, cwd) =>
      run(
        `${bin}/pg_basebackup`,
        ['-D', data, '-h', from.hostname, '-p', from.port, '-U', 'gatehouse', '-R', '--no-sync', '-c', 'fast'],
        cwd,
      ),
    at,
  );
  await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
  await primary.query('SELECT pg_reload_conf()');
  return { ...standby, promote: () => standby.query('SELECT pg_promote(true, 30)') };
}

function run(program: string, args: readonly string[], cwd: string): void {
  const ended = spawnSync(program, args, { ...identity, encoding: 'utf8', cwd });
  if (ended.status !== 0) throw new Error(`${program} failed: ${ended.stderr}`);
}

async function startCluster(make: (bin: string, data: string, cwd: string) => void, at?: number): Promise<Postgres> {
  const bin = binaryDirectory();
  const directory = await tempDir('gh-pg-');
  chmodSync(directory.path, 0o755);
  if (identity.uid !== undefined) chownSync(directory.path, identity.uid, identity.gid);
  const data = directory.at('data');
  make(bin, data, directory.path);
  const port = at ?? (await freePort());
  let child: ChildProcess | undefined;
  let output = '';

  const start = async (): Promise<void> => {
    const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory.path, '-c', 'max_connections=60'];
    child = spawn(`${bin}/postgres`, args, { ...identity, cwd: directory.path });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await eventually('postgres answers', () => {
      if (child?.exitCode !== null) throw new Error(output);
      const run = spawnSync(`${bin}/pg_isready`, ['-h', '127.0.0.1', '-p', String(port), '-q']);
      return run.status === 0 ? true : undefined;
    });
  };
  /** Each backend leads a session of its own, so a signal to the server's group would miss them. */
  const signal = (name: NodeJS.Signals): void => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    for (const pid of [child.pid, ...childrenOf(child.pid)]) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended meanwhile.
      }
    }
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    signal('SIGKILL');
    await ended;
  };
  const query = async (statement: string): Promise<void> => {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-U', 'gatehouse', '-d', 'postgres', '-c', statement];
    const run = spawnSync(`${bin}/psql`, args, { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`psql: ${run.stderr}`);
  };
  const killNow = (): void => signal('SIGKILL');
  process.once('exit', killNow);
  await start();
  return {
    url: `postgres://gatehouse@127.0.0.1:${port}/postgres`,
    query,
    kill,
    start,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async [Symbol.asyncDispose]() {
      process.off('exit', killNow);
      signal('SIGCONT');
      await kill();
      await directory[Symbol.asyncDispose]();
    },
  };
}
