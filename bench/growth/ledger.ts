/**
 * What a long ledger costs: a rehearsal, the newest page of it, a backup of all of it; and consumers that have left.
 * @module
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spread } from '../lib/figures.ts';
import { cpuSeconds, residentMib } from '../lib/processes.ts';
import type { Product } from '../lib/product.ts';
import type { Build, Measure } from './builds.ts';
import { type Filling, type Place, placeWith } from './ledger-places.ts';

const LIVE = 2_000;
const PAGES = 20;

/** A rehearsal, and `ca ledger`, with 22,000 and with 1,200,000 rows, 2,000 of them live. */
export const longLedger: Measure = async (build) => {
  const figures: Record<string, number> = {};
  for (const rows of [22_000, 1_200_000]) {
    await inPlace(build, { rows, live: LIVE }, async (product) => {
      const rehearsal = await costOf(product, () => ask(product, 'POST', '/v1/rehearsal', '{"use":"x509"}'));
      put(figures, `rehearsal, ${rows} rows`, rehearsal);
      const pages: Cost[] = [];
      for (let i = 0; i < PAGES; i++)
        pages.push(await costOf(product, () => ask(product, 'GET', '/v1/ledger?limit=100')));
      figures[`ms, newest 100 of ${rows} rows`] = spread(pages.map(({ ms }) => ms)).median;
      put(figures, `ca status, ${rows} rows`, await costOf(product, () => ask(product, 'GET', '/v1/authorities')));
    });
  }
  return figures;
};

/** A backup of five million rows. */
export const longBackup: Measure = async (build) => {
  const figures: Record<string, number> = {};
  const rows = Number(process.env['LEDGER_ROWS'] ?? 5_000_000);
  await inPlace(build, { rows, live: LIVE }, async (product) => {
    const backup = await costOf(product, () => ask(product, 'POST', '/v1/backup', '{}'));
    put(figures, `backup, ${rows} rows`, backup);
    figures[`MiB of the backup, ${rows} rows`] = backup.answerBytes / 2 ** 20;
  });
  return figures;
};

/** Memory that consumers take that fetched and left, one a second for a week. */
export const consumersThatLeft: Measure = async (build) => {
  const found: Record<'with' | 'without', number> = { with: 0, without: 0 };
  for (const which of ['without', 'with'] as const)
    await inPlace(build, { rows: 1_000, left: which === 'with' ? 604_800 : 0 }, async (product) => {
      await delay(5_000); // what the start leaves is given back
      found[which] = residentMib([product.primaryPid]);
    });
  return { 'MiB more after a start, 604800 consumers that left': found.with - found.without };
};

async function inPlace(build: Build, filling: Filling, work: (product: Product) => Promise<void>): Promise<void> {
  const place: Place = await placeWith(build, filling);
  const product = await place.start();
  try {
    await work(product);
  } finally {
    await product.stop();
    rmSync(place.folder, { recursive: true, force: true });
  }
}

interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
  /** The longest that /healthz had to wait meanwhile, without what the machine let either process wait for a core. */
  readonly stallMs: number;
  /** By how much resident memory rose at most. */
  readonly moreMib: number;
  readonly answerBytes: number;
}

function put(figures: Record<string, number>, what: string, { ms, cpuMs, stallMs, moreMib }: Cost): void {
  Object.assign(figures, {
    [`ms, ${what}`]: ms,
    [`ms of CPU, ${what}`]: cpuMs,
    [`longest stall in ms, ${what}`]: stallMs,
    [`MiB more, ${what}`]: moreMib,
  });
}

async function costOf(product: Product, work: () => Promise<number>): Promise<Cost> {
  const pid = product.primaryPid;
  const before = residentMib([pid]);
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the peak is counted anew
  const cpu = cpuSeconds([pid]);
  const stalls = watchStalls(product.health, pid);
  const startedAt = performance.now();
  const answerBytes = await work();
  const ms = performance.now() - startedAt;
  const stallMs = await stalls.end();
  const peakKib = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  const cpuMs = (cpuSeconds([pid]) - cpu) * 1000;
  return { ms, cpuMs, stallMs, moreMib: peakKib / 1024 - before, answerBytes };
}

/** How long the main thread of a process has waited for a core, in milliseconds. */
const waitedMs = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;

function watchStalls(health: string, pid: number): { end(): Promise<number> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const [host, port] = health.split(':');
  let isOn = true;
  let longest = 0;
  const watching = (async () => {
    while (isOn) {
      const waited = (): number => waitedMs(pid) + waitedMs(process.pid);
      const [at, waitedBefore] = [performance.now(), waited()];
      await answerTo({ host: host!, port: port!, path: '/healthz', agent });
      longest = Math.max(longest, performance.now() - at - (waited() - waitedBefore));
      await delay(2);
    }
  })();
  return {
    async end() {
      isOn = false;
      await watching;
      agent.destroy();
      return longest;
    },
  };
}

function ask(product: Product, method: string, path: string, body?: string): Promise<number> {
  return answerTo({
    socketPath: join(product.folder, 'run/admin.sock'),
    method,
    path,
    ...(body !== undefined && { body }),
  });
}

interface Asked {
  readonly host?: string;
  readonly port?: string;
  readonly socketPath?: string;
  readonly agent?: Agent;
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
}

/** How many bytes it answers. @throws Error where it is refused */
function answerTo({ body, ...to }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...to, headers: body === undefined ? {} : { 'content-type': 'application/json' } });
    asked.once('error', reject);
    asked.once('response', (answer) => {
      let bytes = 0;
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      answer.once('error', reject);
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${to.path}: ${answer.statusCode}`)),
      );
    });
    asked.end(body);
  });
}
