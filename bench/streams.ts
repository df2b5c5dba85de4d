/**
 * Ten thousand Workload API streams at one Gatehouse: memory of each, time until a new bundle has reached all, and p99 of Check
 * while all of their SVIDs are signed anew.
 *
 * Run: node bench/streams.ts [streams, default 10000] [connections, default 100]
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { adminClient } from '../src/cli/admin/admin-client.ts';
import { gatehouseDir } from '../test/support/gatehouse-dir.ts';
import { runGatehouse } from '../test/support/run-gatehouse.ts';
import { checkLatencies, quantile } from './lib/check-latencies.ts';

const streams = Number(process.argv[2] ?? 10_000);
const connections = Number(process.argv[3] ?? 100);

const rssKb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const at = (sorted: readonly number[], share: number): number => Number(quantile(sorted, share).toFixed(2));

await using dir = await gatehouseDir({
  log: { level: 'warn' },
  entries: [{ spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [`unix:uid:${process.geteuid?.()}`] }],
});
await using gatehouse = await runGatehouse(dir.config);
const admin = await adminClient({ admin: gatehouse.ready.admin, config: '' });
await checkLatencies(gatehouse.ready.extAuthz, 3); // until it is compiled
const before = rssKb(gatehouse.pid);

const client = fork(
  join(import.meta.dirname, 'stream-clients.ts'),
  [gatehouse.ready.workloadApi, String(connections), String(Math.ceil(streams / connections))],
  { execArgv: ['--disable-warning=ExperimentalWarning'] },
);
const said: { word: string; at: number }[] = [];
const waiters = new Set<() => void>();
client.on('message', (message) => {
  said.push(message as (typeof said)[number]);
  for (const look of [...waiters]) look();
});
const heard = (word: string, timeoutMs: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${word} not said: ${JSON.stringify(said.slice(-3))}`)), timeoutMs);
    const look = (): void => {
      const found = said.findIndex((each) => each.word === word);
      if (found < 0) return;
      clearTimeout(timer);
      waiters.delete(look);
      resolve(said.splice(found, 1)[0]!.at);
    };
    waiters.add(look);
    look();
  });
try {
  await heard('all', 120_000);
  await delay(3_000);
  const perStreamKb = (rssKb(gatehouse.pid) - before) / streams;

  client.send('mark');
  await heard('marked', 10_000);
  const sentAt = performance.timeOrigin + performance.now();
  await admin.ask('POST /v1/authorities/prepare');
  const reachedAt = await heard('all', 60_000);

  const quiet = await checkLatencies(gatehouse.ready.extAuthz, 10);
  await admin.ask('POST /v1/authorities/activate', { override: true, reason: 'bench' });
  client.send('mark');
  await heard('marked', 10_000);
  const taintedAt = performance.timeOrigin + performance.now();
  await admin.ask('POST /v1/authorities/taint', { override: true, reason: 'bench' });
  const [renewed, allAt] = await Promise.all([
    checkLatencies(gatehouse.ready.extAuthz, Math.min(30, Math.max(5, connections / 500))),
    heard('all', 180_000),
  ]);
  console.table([
    { what: `memory a stream, ${streams} on ${connections} connections`, is: `${perStreamKb.toFixed(1)} kB` },
    { what: 'a new bundle has reached all after', is: `${Math.round(reachedAt - sentAt)} ms` },
    { what: 'Check p50 / p99 before', is: `${at(quiet, 0.5)} / ${at(quiet, 0.99)} ms` },
    {
      what: `Check p50 / p99 while ${connections} SVIDs are renewed`,
      is: `${at(renewed, 0.5)} / ${at(renewed, 0.99)} ms`,
    },
    { what: 'p99 against before', is: `${(at(renewed, 0.99) / at(quiet, 0.99)).toFixed(2)} times` },
    { what: 'all renewed after the taint within', is: `${Math.round(allAt - taintedAt)} ms` },
  ]);
} finally {
  client.kill();
}
