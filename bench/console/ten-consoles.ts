/**
 * What ten consoles that are looked at cost a Check: each is a program of its own that follows as for a page, without a browser, which
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
const SETTLE_SECONDS = 0.5;

type Post = (path: string, body: unknown, stop?: AbortSignal) => Promise<Response>;

/** Begins the session of a page, which takes a link once. */
async function session({ address, url }: RunningConsole): Promise<Post> {
  const headers: Record<string, string> = { 'content-type': 'application/json', origin: address };
  const post: Post = (path, body, signal) =>
    fetch(`${address}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  const begun = await post('/session', { token: url.slice(url.indexOf('=') + 1) });
  const { session: own } = (await begun.json()) as { session: string }; // the console's own answer
  headers['authorization'] = `Bearer ${own}`;
  return post;
}

/** Follows like a page, without one: the stream, and the looks at the status and at the edges for the strip of health. */
async function follow(post: Post, stop: AbortSignal): Promise<void> {
  const look = async (route: string, question: object, everyMs: number): Promise<void> => {
    while (!stop.aborted) {
      await (await post('/ask', { route, question }, stop)).text();
      await delay(everyMs, undefined, { signal: stop });
    }
  };
  const read = async (): Promise<void> => {
    const stream = await post('/stream', {}, stop);
    for await (const _ of stream.body ?? []) if (stop.aborted) return;
  };
  await Promise.allSettled([read(), look('GET /v1/status', {}, 2_000), look('GET /v1/edges', { limit: 1 }, 10_000)]);
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

/**
 * p50 and p99 of Check while ten consoles are looked at, over those while they are not, in turns: the median of many short rounds, since
 * what else runs on a machine weighs more than they do.
 */
export async function tenConsoles({ ready }: RunningGatehouse, rounds: number, seconds: number) {
  await using stack = new AsyncDisposableStack();
  const consoles = await Promise.all(Array.from({ length: CONSOLES }, () => runConsole('--admin', ready.admin)));
  for (const each of consoles) stack.use(each);
  const pages = await Promise.all(consoles.map(session));
  const pids = consoles.map(({ pid }) => pid);
  const told: { readonly without: Checked; readonly beside: Checked }[] = [];
  for (let i = 0; i < rounds; i++) {
    await checkLatencies(ready.extAuthz, SETTLE_SECONDS);
    const without = await checked(ready.extAuthz, ready.pid, pids, seconds);
    const stopping = new AbortController();
    const following = pages.map((page) => follow(page, stopping.signal));
    await checkLatencies(ready.extAuthz, SETTLE_SECONDS);
    const beside = await checked(ready.extAuthz, ready.pid, pids, seconds);
    stopping.abort();
    await Promise.all(following);
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
