/**
 * What a server keeps and how often it wakes up: idle, while a decider answers as many Checks as it can, and while the primary has all kinds of work.
 * @module
 */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spread } from '../lib/figures.ts';
import { clientCore, cpuSeconds, residentMib } from '../lib/processes.ts';
import { type Product, type ProductOptions, startGatehouse } from '../lib/product.ts';
import { checkPath, framedFile } from '../lib/requests.ts';
import { run } from '../lib/run.ts';
import type { Build, Measure } from './builds.ts';

const RULES = 1_000;
/** After three quiet seconds memory is given back. */
const IDLE_MS = 7_000;
const WATCHED_SECONDS = 20;
const LOADS = 4;
const CLIENTS = 300;
const EDIT_SECONDS = 2;

/** Memory and wake-ups of a server that nobody asks anything. */
export const idleServer: Measure = (build) =>
  withServer(build, async ({ primaryPid, deciderPids }) => {
    const wakeups = (): readonly number[] => [wakeUps(deciderPids[0]!), wakeUps(primaryPid)];
    const before = wakeups();
    await delay(WATCHED_SECONDS * 1000);
    const [decider, primary] = wakeups().map((after, i) => (after - before[i]!) / WATCHED_SECONDS);
    return {
      'decider wakes up a second, idle': decider!,
      'primary wakes up a second, idle': primary!,
      'primary MiB, idle': residentMib([primaryPid]),
    };
  });

/** Memory of a decider at full load over its own before, and what a Check costs meanwhile. */
export const busyDecider: Measure = (build, { seconds }) =>
  withServer(build, async ({ deciderPids, where }) => {
    const quiet = residentMib(deciderPids);
    const body = framedFile(checkPath, RULES, 'hit');
    const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
    const load = ['-t', '1', '-c', '4', '-m', '50', ...headers, '-d', body, '-D', String(seconds)];
    const micros: number[] = [];
    let busy = 0;
    for (let i = 0; i < LOADS; i++) {
      const before = cpuSeconds(deciderPids);
      const { stdout } = await run(['taskset', '-c', clientCore, 'h2load', ...load, `http://${where}${checkPath}`]);
      const answered = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1] ?? 0);
      if (answered === 0) throw new Error('h2load had no answers');
      if (i > 0) micros.push(((cpuSeconds(deciderPids) - before) / answered) * 1e6); // the first compiles
      busy = Math.max(busy, residentMib(deciderPids));
    }
    return {
      'decider MiB, quiet': quiet,
      'decider MiB, busy': busy,
      'decider MiB, busy over quiet': busy / quiet,
      'µs of CPU a Check, busy': spread(micros).median,
    };
  });

/**
 * Memory of a primary from half of the time on, under clients that renew, Checks that it logs, and an edit every two seconds; its CPU.
 * `SECONDS` is how long, instead of a minute: what grows is seen after some minutes.
 */
export const busyPrimary: Measure = (build) =>
  withServer(
    build,
    async ({ primaryPid, folder, where, policyFile }) => {
      const seconds = Number(process.env['SECONDS'] ?? 60);
      const clients = fork(join(import.meta.dirname, '../stream-clients.ts'), [
        `unix:${join(folder, 'run/workload.sock')}`,
        ...[String(CLIENTS), '1'],
      ]);
      const before = cpuSeconds([primaryPid]);
      const checks = run(['taskset', '-c', clientCore, ...steadyChecks(seconds), `http://${where}${checkPath}`]);
      const policies = readFileSync(policyFile, 'utf8');
      const looks: number[] = [];
      for (let at = 0; at < seconds; at += EDIT_SECONDS) {
        writeFileSync(join(folder, 'edited'), policies.replace(/methods: \[/, `methods: [E${at}, `));
        renameSync(join(folder, 'edited'), policyFile);
        await delay(EDIT_SECONDS * 1000);
        if (at > seconds / 2) looks.push(residentMib([primaryPid]));
      }
      clients.kill();
      await checks;
      return {
        'primary MiB, busy': spread(looks).median,
        'primary MiB, busy, most': Math.max(...looks),
        'primary s of CPU, busy': cpuSeconds([primaryPid]) - before,
      };
    },
    {
      authority: { x509SvidTtl: '2m' },
      entries: [{ spiffeId: 'spiffe://cluster.local/ns/a/sa/a', selectors: [`unix:uid:${process.geteuid?.()}`] }],
    },
  );

/** A thousand a second. */
function steadyChecks(seconds: number): readonly string[] {
  const body = framedFile(checkPath, RULES, 'hit');
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  return ['h2load', '-t', '1', '-c', '4', '--rps', '250', ...headers, '-d', body, '-D', String(seconds)];
}

async function withServer<T>(
  { name, program }: Build,
  work: (product: Product) => Promise<T>,
  more: ProductOptions['more'] = {},
): Promise<T> {
  const options = { rules: RULES, transport: 'lane', program, more } as const;
  const product = await startGatehouse(`growth-memory-${name}`, options);
  try {
    await delay(IDLE_MS);
    return await work(product);
  } finally {
    await product.stop();
  }
}

/** How often all threads of a process have gone to sleep of their own will. */
function wakeUps(pid: number): number {
  const statuses = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1'),
  );
  return statuses.reduce((sum, each) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(each)?.[1]), 0);
}
