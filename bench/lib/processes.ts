/**
 * Server processes that are measured: started on one core, counted by /proc, ended with the run.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cache } from './paths.ts';

/** The server has a core to itself, and so has its client. */
export const serverCore = '0';
export const clientCore = String(Math.min(1, cpus().length - 1));
const TICKS_PER_SECOND = 100;

/** A server that listens. */
export interface Running {
  /** `host:port` or `unix:/path`. */
  readonly where: string;
  /** Whose CPU time and memory count. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export interface Started {
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a process on a core; its output goes to a log of its own. */
export function start(
  name: string,
  command: readonly string[],
  more: { env?: NodeJS.ProcessEnv; core?: string } = {},
): Started {
  const log = join(cache, 'logs', `${name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'w');
  const child = spawn('taskset', ['-c', more.core ?? serverCore, ...command], {
    env: { ...process.env, ...more.env },
    stdio: ['ignore', out, out],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    child,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Resolves when a server takes connections. @throws Error if it ends first, or takes too long */
export async function listening(where: string, child: ChildProcess, timeoutMs = 120_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it listened`);
    if (await answers(where)) return;
    await delay(50);
  }
  throw new Error(`did not listen within ${timeoutMs / 1000} s`);
}

function answers(where: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = where.startsWith('unix:') ? connect(where.slice(5)) : connect(portOf(where), '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

const portOf = (where: string): number => Number(where.slice(where.lastIndexOf(':') + 1));

let nextPort = 21_000 + (process.pid % 4_000);
/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  do nextPort++;
  while (await answers(`127.0.0.1:${nextPort}`));
  return nextPort;
}

/** User and system time of some processes, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(readFileSync(`/proc/${pid}/stat`, 'latin1')), 0) / TICKS_PER_SECOND;
}

function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** CPU time that the whole machine has spent, in seconds. */
export function machineSeconds(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.trim().split(/ +/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0, steal = 0] = fields.map(Number);
  return (user + nice + system + irq + soft + steal) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export function residentMib(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0));
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** Binds every thread of a process to a core. */
export function pin(pid: number, core: string): Promise<void> {
  const child = spawn('taskset', ['-a', '-cp', core, String(pid)], { stdio: 'ignore' });
  return new Promise((resolve) => child.once('close', () => resolve()));
}
