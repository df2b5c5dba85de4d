/**
 * What deciders elsewhere that report home cost the authority: its CPU by /proc, as a share of one core, while they only follow and
 * while each also reports 100 edges that change every second and as many decisions as are taken.
 *
 * Run: node bench/reports-home.ts [deciders, default 50] [seconds, default 20]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { EnrolRequestSchema } from '../src/gen/gatehouse/feed/v1/feed_pb.ts';
import { generateKeyDer } from '../src/identity/pki/key-type.ts';
import { makeCsr } from '../src/identity/pki/make-csr.ts';
import { certificatesToPem, toPem } from '../src/identity/pki/pem.ts';
import { callFeed, type FeedCall } from '../src/server/feed/feed-call.ts';
import { connectFeed, type FeedCredentials } from '../src/server/feed/feed-connection.ts';
import { createReportOutbox } from '../src/server/feed/report-outbox.ts';
import type { DecisionRecord } from '../src/server/log/decision-record.ts';
import { createOwnCounts } from '../src/server/log/own-counts.ts';
import { parseTrustDomain } from '../src/spiffe/trust-domain.ts';
import { askAdmin } from '../test/support/ask-admin.ts';
import { gatehouseDir, usualListeners } from '../test/support/gatehouse-dir.ts';
import { runGatehouse } from '../test/support/run-gatehouse.ts';

const deciders = Number(process.argv[2] ?? 50);
const seconds = Number(process.argv[3] ?? 20);
const EDGES = 100;
const DENIES_A_SECOND = 500;
const trustDomain = parseTrustDomain('cluster.local');
const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

await using dir = await gatehouseDir({
  roles: ['authority', 'decider'],
  listen: { ...usualListeners, feed: '127.0.0.1:0' },
  log: { level: 'warn' },
});
await using gatehouse = await runGatehouse(dir.config);
const { feed = '', admin } = gatehouse.ready;

/** Milliseconds of CPU of the authority's process, user and kernel. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${gatehouse.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10; // ticks of a hundredth
}

async function percentOfCore(): Promise<number> {
  const [cpu, at] = [cpuMs(), performance.now()];
  await delay(seconds * 1000);
  return ((cpuMs() - cpu) / (performance.now() - at)) * 100;
}

async function join(name: string): Promise<FeedCredentials> {
  const { body } = await askAdmin(admin, 'POST', '/v1/join-tokens', { reason: 'bench' });
  const { token, bundle } = body as { token: string; bundle: string }; // held to its schema by askAdmin
  const keys = await generateKeyDer('ec-p256');
  using connection = connectFeed(feed, trustDomain, { trustedPem: bundle });
  const csr = makeCsr(keys);
  const { chain } = await connection.enrol(create(EnrolRequestSchema, { csr, joinToken: token, decider: name }));
  return {
    trustedPem: bundle,
    own: { chainPem: certificatesToPem(chain), keyPem: toPem('PRIVATE KEY', keys.pkcs8) },
  };
}

let isSeeing = false;
function startDecider(name: string, who: FeedCredentials): { readonly call: FeedCall; see(): void } {
  const counts = createOwnCounts();
  const outbox = createReportOutbox(counts);
  const holding = () => ({ bundleSequence: 1n, revocationSequence: 1n });
  const derive = () => Promise.reject(new Error('nothing is asked here'));
  const call = callFeed(feed, who, { trustDomain, decider: name, take: () => undefined, holding, outbox, derive });
  let made = 0;
  const see = (): void => {
    const lastAt = Date.now();
    const edges = Array.from({ length: EDGES }, (_, i) => ({
      ...{ caller: id(`caller-${i}`), destination: id(`callee-${i % 10}`), namespace: 'default', port: 8080 },
      ...({ protocol: 'http', decision: i % 2 === 0 ? 'deny' : 'allow', count: 10, lastAt } as const),
    }));
    counts.edges.add({ edges, overflow: { allowed: 0, denied: 0 } });
    for (let i = 0; i < DENIES_A_SECOND; i++) outbox.decided(recordOf(name, made++, lastAt));
  };
  return { call, see };
}

const recordOf = (name: string, number: number, atMs: number): DecisionRecord => ({
  id: `${name.padEnd(11, '_').slice(0, 11)}${String(number).padStart(11, '0')}`,
  at: new Date(atMs).toISOString(),
  ...{ decision: 'deny', reason: 'no_rule_allowed', plane: 'istio', stage: 'ALLOW', snapshot: 1 },
  destination: { spiffeId: id('details'), foundBy: 'principal' },
  source: { principal: id('productpage'), address: '10.0.0.1', port: 40_000 },
  request: { protocol: 'http', method: 'POST', host: 'details:9080', path: `/details/${number}`, requestId: name },
});

const names = Array.from({ length: deciders }, (_, i) => `node-${i}`);
const running: ReturnType<typeof startDecider>[] = [];
await delay(3_000);
const alone = await percentOfCore();
for (const name of names) running.push(startDecider(name, await join(name)));
const ticking = setInterval(() => {
  if (isSeeing) for (const { see } of running) see();
}, 1_000);
await delay(3_000);
const following = await percentOfCore();
isSeeing = true;
await delay(3_000);
const reporting = await percentOfCore();
clearInterval(ticking);
for (const { call } of running) call.cancel();
const line = (what: string, percent: number): void =>
  console.log(`${what.padEnd(52)} ${percent.toFixed(2).padStart(6)} % of a core`);
line('the authority alone', alone);
line(`${deciders} deciders follow, and see nothing`, following);
line(`${deciders} report ${EDGES} edges and ${DENIES_A_SECOND} denies a second each`, reporting);
line('reporting costs', reporting - following);
line(`${deciders} deciders cost, all together`, reporting - alone);
