/**
 * p50 and p99 of Check while a thousand workloads fetch their first SVID, against before.
 *
 * Run: node bench/checks-while-issuing.ts [workloads, default 1000] [--json]
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { gatehouseDir } from '../test/support/gatehouse-dir.ts';
import { runGatehouse } from '../test/support/run-gatehouse.ts';
import { checkLatencies, quantile } from './lib/check-latencies.ts';

const workloads = Number(process.argv.slice(2).find((arg) => arg !== '--json') ?? 1_000);
const WARM_SECONDS = 3;
const QUIET_SECONDS = 5;

await using dir = await gatehouseDir({
  log: { level: 'warn' },
  entries: [{ spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [`unix:uid:${process.geteuid?.()}`] }],
});
await using gatehouse = await runGatehouse(dir.config);
const { extAuthz, workloadApi } = gatehouse.ready;
await checkLatencies(extAuthz, WARM_SECONDS); // until it is compiled
const before = await checkLatencies(extAuthz, QUIET_SECONDS);

const startedAt = performance.now();
const client = fork(join(import.meta.dirname, 'stream-clients.ts'), [workloadApi, String(workloads), '1'], {
  execArgv: ['--disable-warning=ExperimentalWarning'],
});
try {
  const issued = new Promise<void>((resolve, reject) => {
    client.on('message', (message) => {
      const { word } = message as { readonly word: string }; // ours, from stream-clients.ts
      if (word === 'all') resolve();
      else reject(new Error(word));
    });
    client.on('exit', () => reject(new Error('the workloads went away')));
  });
  const [during] = await Promise.all([checkLatencies(extAuthz, issued), issued]);
  const seconds = (performance.now() - startedAt) / 1000;
  const rows = [before, during].map((each) => ({ p50Ms: quantile(each, 0.5), p99Ms: quantile(each, 0.99) }));
  const result = { workloads, seconds, before: rows[0]!, during: rows[1]! };
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else console.table(result);
} finally {
  client.kill();
}
