/**
 * What ten consoles that are open cost a Check: each is a program of its own that follows as for a page, without a browser, which
 * would take the processors of this machine for itself.
 * @module
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningConsole, runConsole } from '../../test/support/console.ts';
import type { RunningGatehouse } from '../../test/support/run-gatehouse.ts';
import { checkLatencies, quantile } from '../lib/check-latencies.ts';
import { spread } from '../lib/figures.ts';

const CONSOLES = 10;

/** Follows like a page, without one: the stream, and the looks at the status and at the edges for the strip of health. */
async function follow(served: RunningConsole, stop: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json', origin: served.address };
  const post = (path: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(`${served.address}${path}`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
      signal: stop,
    });
  const { session } = (await (
    await post('/session', { token: served.url.slice(served.url.indexOf('=') + 1) })
  ).json()) as { session: string }; // the console's own answer
  const authorization = `Bearer ${session}`;
  const look = async (route: string, question: object, everyMs: number): Promise<void> => {
    while (!stop.aborted) {
      await (await post('/ask', { route, question }, { authorization })).text();
      await delay(everyMs, undefined, { signal: stop });
    }
  };
  void look('GET /v1/status', {}, 2_000).catch(() => undefined);
  void look('GET /v1/edges', { limit: 1 }, 10_000).catch(() => undefined);
  const stream = await post('/stream', {}, { authorization });
  for await (const _ of stream.body ?? []) if (stop.aborted) return;
}

/** Seconds of processor time that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Checked {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Shares of one processor: of the process that answers the admin API, which is not the one that decides, and of the consoles. */
  readonly server: number;
  readonly consoles: number;
}

/** Checks for some seconds. */
async function checked(target: string, server: number, consoles: readonly number[], seconds: number): Promise<Checked> {
  const usedBy = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const [before, consolesBefore, begunAt] = [usedBy([server]), usedBy(consoles), performance.now()];
  const latencies = await checkLatencies(target, seconds);
  const took = (performance.now() - begunAt) / 1_000;
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    server: (usedBy([server]) - before) / took,
    consoles: (usedBy(consoles) - consolesBefore) / took,
  };
}

/** p50 and p99 of Check with ten consoles open, over those without, in turns. */
export async function tenConsoles({ ready }: RunningGatehouse, rounds: number, seconds: number) {
  const told: { readonly without: Checked; readonly beside: Checked }[] = [];
  for (let i = 0; i < rounds; i++) {
    const without = await checked(ready.extAuthz, ready.pid, [], seconds);
    const stopping = new AbortController();
    const consoles = await Promise.all(Array.from({ length: CONSOLES }, () => runConsole('--admin', ready.admin)));
    const following = consoles.map((each) => follow(each, stopping.signal).catch(() => undefined));
    await checkLatencies(ready.extAuthz, 3); // ten programs have been started: that is over, and they have followed for a while
    const pids = consoles.map(({ pid }) => pid);
    const beside = await checked(ready.extAuthz, ready.pid, pids, seconds);
    stopping.abort();
    await Promise.all(following);
    await Promise.all(consoles.map((each) => each[Symbol.asyncDispose]()));
    told.push({ without, beside });
  }
  const ratioOf = (figure: 'p50' | 'p99') =>
    spread(told.map(({ without, beside }) => beside[figure] / without[figure]));
  return {
    p99: ratioOf('p99'),
    p50: ratioOf('p50'),
    p99WithoutMs: spread(told.map(({ without }) => without.p99)),
    serverCpu: spread(told.map(({ without }) => without.server)),
    serverCpuWith10: spread(told.map(({ beside }) => beside.server)),
    consolesCpu: spread(told.map(({ beside }) => beside.consoles)),
  };
}
