/**
 * What a server keeps and how often it wakes up: idle, and while a decider answers as many Checks as it can.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { spread } from '../lib/figures.ts';
import { clientCore, cpuSeconds, residentMib } from '../lib/processes.ts';
import { type Product, startGatehouse } from '../lib/product.ts';
import { checkPath, framedFile } from '../lib/requests.ts';
import { run } from '../lib/run.ts';
import type { Measure } from './builds.ts';

const RULES = 1_000;
/** After three quiet seconds memory is given back. */
const IDLE_MS = 7_000;
const WATCHED_SECONDS = 20;
const LOADS = 4;

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

async function withServer<T>(build: Parameters<Measure>[0], work: (product: Product) => Promise<T>): Promise<T> {
  const { name, program } = build;
  const product = await startGatehouse(`growth-memory-${name}`, { rules: RULES, transport: 'lane', program });
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
