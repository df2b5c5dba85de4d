/**
 * Gatehouse as a user starts it, built (`bench/main.ts` builds it), with N rules.
 * @module
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cache, root } from './paths.ts';
import { clientCore, pin, type Running, serverCore, start } from './processes.ts';
import { folderOf } from './same-rules.ts';

export interface ProductOptions {
  readonly rules: number;
  readonly transport: 'lane' | 'grpc-js';
  /** Listens on a unix socket instead of loopback. */
  readonly unix?: boolean;
  /** A policy file instead of the set of that size. */
  readonly policy?: string;
  /** Another build's `dist/main.js`. */
  readonly program?: string;
  /** Registry documents, by file name. */
  readonly registry?: Readonly<Record<string, string>>;
  /** More of the configuration. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface Product extends Running {
  readonly primaryPid: number;
  readonly deciderPids: readonly number[];
  readonly folder: string;
  /** The policy file that it watches. */
  readonly policyFile: string;
  readonly health: string;
  readonly logFile: string;
  /** From the start of the process to its word that it is ready. */
  readonly readyMs: number;
}

interface Ready {
  readonly extAuthz: string;
  readonly health: string;
  readonly pid: number;
  readonly deciderPids: readonly number[];
}

/** Starts a server, all of it on the server's core once it is ready; CPU and memory count over all of its processes. */
export async function startGatehouse(label: string, options: ProductOptions): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  mkdirSync(join(folder, 'policies'));
  const policyFile = join(folder, 'policies/policy.yaml');
  copyFileSync(options.policy ?? join(folderOf(options.rules), 'istio/policy.yaml'), policyFile);
  if (options.registry) mkdirSync(join(folder, 'registry'));
  for (const [name, text] of Object.entries(options.registry ?? {}))
    writeFileSync(join(folder, 'registry', name), text);
  const config = {
    trustDomain: 'cluster.local',
    listen: {
      workloadApi: 'unix:./run/workload.sock',
      extAuthz: options.unix === true ? 'unix:./run/check.sock' : '127.0.0.1:0',
      admin: 'unix:./run/admin.sock',
      health: '127.0.0.1:0',
    },
    policies: { paths: ['./policies'] },
    extAuthz: { transport: options.transport },
    ...(options.registry && { registry: { paths: ['./registry'] } }),
    ...options.more,
  };
  const configFile = join(folder, 'gatehouse.yaml');
  writeFileSync(configFile, JSON.stringify(config));
  const startedAt = performance.now();
  const command = [...commandOf(options.program ?? join(root, 'dist/main.js')), 'serve', '--config', configFile];
  const { child, stop } = start(label, command, { core: `${serverCore},${clientCore}` });
  const logFile = join(cache, 'logs', `${label}.log`);
  const ready = await readyLine(logFile, child).catch(async (thrown: unknown) => {
    await stop();
    throw thrown;
  });
  const readyMs = performance.now() - startedAt;
  const pids = [ready.pid, ...ready.deciderPids];
  for (const pid of pids) await pin(pid, serverCore);
  return {
    where: ready.extAuthz,
    pids,
    primaryPid: ready.pid,
    deciderPids: ready.deciderPids,
    folder,
    policyFile,
    health: ready.health,
    logFile,
    readyMs,
    async stop() {
      await stop();
      for (const pid of ready.deciderPids) await gone(pid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As users start it: by its `bin/gatehouse`; builds of before there was one, as `npm start` did then. */
function commandOf(program: string): readonly string[] {
  const installed = join(dirname(program), '../bin/gatehouse');
  const flags = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];
  return existsSync(installed) ? [installed] : [process.execPath, ...flags, program];
}

async function readyLine(logFile: string, child: { readonly exitCode: number | null }): Promise<Ready> {
  for (let waited = 0; waited < 120_000; waited += 5) {
    const line = readFileSync(logFile, 'utf8')
      .split('\n')
      .find((text) => text.startsWith('{"ready":true'));
    if (line !== undefined) return JSON.parse(line) as Ready; // the contract's form
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it was ready`);
    await delay(5);
  }
  throw new Error('was not ready within two minutes');
}

async function gone(pid: number): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(20);
  }
}
