/**
 * What it costs that the log can be replayed: bytes and time of a decision's line, by what `log.facts` chooses; then how fast a log is
 * replayed, and what memory that takes while it goes on.
 *
 * Run: node bench/replay.ts [lines, default 1,000,000] [kinds of log.facts, default names,values]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { RequestForm } from '../src/admin-api/request-form.ts';
import { encodeRequestForm } from '../src/analysis/request-form.ts';
import { createCheck } from '../src/authz/check.ts';
import { CheckCounters } from '../src/authz/record/counters.ts';
import type { FactsShown } from '../src/authz/record/logged-facts.ts';
import { createDecisionRedactor } from '../src/authz/record/redacted-decision.ts';
import { DecisionRing } from '../src/authz/record/ring.ts';
import { configOf } from '../src/cli/policy/explain/asked.ts';
import { createWatchable } from '../src/lib/watchable.ts';
import { createLog } from '../src/platform/observe/log.ts';
import { compileSnapshot } from '../src/policy/compile/compile-snapshot.ts';
import { offlineState } from '../src/server/explain/explain-offline.ts';
import { createDecisionFacts } from '../src/server/log/decision-facts.ts';
import { createDecisionLog } from '../src/server/log/decision-log.ts';
import { openOptions } from '../test/support/logged-check.ts';
import { gatehouseCommand } from '../test/support/run-gatehouse.ts';
import { tempDir } from '../test/support/temp-dir.ts';

const lines = Number(process.argv[2] ?? 1_000_000);
const replays = (process.argv[3] ?? 'names,values').split(',') as readonly FactsShown[]; // who runs it names them so
const RULES = 300;
const ROUNDS = 20_000;

await using dir = await tempDir('bench-');
const rules = Array.from(
  { length: RULES },
  (_, i) => `  - from: [{ source: { principals: [cluster.local/ns/shop/sa/w${i}] } }]
    to: [{ operation: { methods: [GET], paths: ["/items/${i}*"] } }]
    when: [{ key: "request.headers[x-team]", values: [red, blue] }]
`,
);
const policyOf = (some: readonly string[]): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  rules:
${some.join('')}`;
writeFileSync(dir.at('old.yaml'), policyOf(rules));
writeFileSync(dir.at('new.yaml'), policyOf(rules.slice(0, (RULES * 9) / 10)));

const requestOf = (i: number): RequestForm => ({
  source: { principal: `spiffe://cluster.local/ns/shop/sa/w${i % RULES}`, address: `10.0.${i % 200}.7`, port: 40_000 },
  destination: {
    principal: 'spiffe://cluster.local/ns/shop/sa/api',
    address: '10.1.0.1',
    port: 8080,
    labels: { app: 'api', version: 'v1' },
  },
  http: {
    method: i % 7 === 0 ? 'POST' : 'GET',
    path: `/items/${i % RULES}/x?q=1`,
    host: 'api.shop',
    headers: { 'x-team': 'red', 'x-request-id': `0e8f${i}`, authorization: 'Bearer x', 'user-agent': 'bench' },
  },
});

const { model } = await offlineState(await configOf({ policies: [dir.at('old.yaml')] }));
const ring = new DecisionRing({ size: ROUNDS, deniesPerSecond: 1e9, allowsPerSecond: 1e9 });
const check = createCheck({
  state: createWatchable({
    snapshot: compileSnapshot(model, { allowEmpty: false }),
    keySets: { generation: 1, sets: new Map() },
    revocations: { sequence: 0, spiffeIds: new Set<string>(), serials: new Set<string>(), spkis: new Set<string>() },
    bundles: undefined,
  }),
  options: openOptions,
  verifyTokens: () => {
    throw new Error('no rule asks for tokens');
  },
  ring,
  counters: new CheckCounters(),
  clock: { now: () => Date.now() },
});
for (let i = 0; i < ROUNDS; i++) check(encodeRequestForm(requestOf(i)), { local: true });
const redact = createDecisionRedactor(model);
const entries = ring.drain(ROUNDS).entries.map(redact);

/** Writes every decision, and says how long and how large a line is. */
function written(shown: FactsShown): {
  readonly us: number;
  readonly bytes: number;
  readonly texts: readonly string[];
} {
  const texts: string[] = [];
  const log = createLog('info', { write: (line: string) => void texts.push(line) });
  const decisions = createDecisionLog(log, undefined, {
    factsOf: createDecisionFacts({ model: () => model, shown: () => shown }),
  });
  const begun = process.cpuUsage();
  decisions.add(entries);
  const { user, system } = process.cpuUsage(begun);
  const us = (user + system) / entries.length;
  return { us, bytes: texts.reduce((sum, text) => sum + text.length, 0) / texts.length, texts };
}

const kinds: readonly FactsShown[] = ['none', 'names', 'hashes', 'values'];
kinds.map(written); // warm
console.log('| log.facts | bytes a line | µs of CPU a line (best of 5) |\n|---|---|---|');
for (const shown of kinds) {
  const runs = Array.from({ length: 5 }, () => written(shown));
  console.log(`| ${shown} | ${runs[0]!.bytes.toFixed(0)} | ${Math.min(...runs.map(({ us }) => us)).toFixed(1)} |`);
}

/** Replays as many lines as are wanted from standard input; the memory of the process at each tenth. */
async function replayed(shown: FactsShown): Promise<void> {
  const text = written(shown).texts.join('');
  const args = ['policy', 'replay', '-', '--with', dir.at('new.yaml'), '--cannot-say', '100'];
  const [program, flags] = gatehouseCommand(...args);
  const child = spawn(program, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdout.resume();
  const begun = performance.now();
  const memory: number[] = [];
  for (let done = 0; done < lines; done += entries.length) {
    if (!child.stdin.write(text)) await once(child.stdin, 'drain');
    if (done % (lines / 10) < entries.length) memory.push(rssMb(child.pid!));
  }
  child.stdin.end();
  const cpu = cpuSeconds(child.pid!);
  const [exitCode] = (await once(child, 'exit')) as [number]; // an exit has its code
  const seconds = (performance.now() - begun) / 1000;
  console.log(`| ${shown} | ${Math.round(lines / seconds)} | ${cpu} | ${exitCode} | ${memory.join(', ')} |`);
}

/** Of a process so far; what is still in its pipe is not in it. */
const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const rssMb = (pid: number): number => {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kb) / 1024);
};

console.log(
  `\n| log.facts | lines replayed a second (${RULES} rules, ${lines} lines) | s of CPU | exit code | MB at each tenth |\n|---|---|---|---|---|`,
);
for (const shown of replays) await replayed(shown);
