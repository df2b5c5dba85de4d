/**
 * `node test/soak/soak.ts`: one built server for an hour, or `SOAK_MINUTES`, under everything at once.
 *
 * 300 clients whose SVIDs are renewed each minute, 500 Checks a second, one of 1,000 policies edited every two seconds, a rotation in the
 * middle. It fails on any Check that is not answered or answered wrongly, if one in twenty was not asked, on any stream that ends, a rotation that does not, a live heap that
 * grows, and resident memory that rises by more than 1 MiB in ten minutes after it is warm.
 *
 * `SOAK_FULL=1`: as many Checks as the client can ask, of thousands of paths, beside a candidate set that answers each of them otherwise; then
 * what is not asked is no fault. Hits of rules, edges and the facts of the log are always on.
 * @module
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../support/child.ts';
import { allowing } from '../support/gatehouse-dir.ts';
import { programCommand, projectRoot, type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { tempDir } from '../support/temp-dir.ts';
import { heapGrowth, type MemorySample, memorySample, slopePerTenMinutes } from './memory-samples.ts';
import { steadyChecks } from './steady-checks.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 60);
const CLIENTS = 300;
const IS_FULL = process.env['SOAK_FULL'] === '1';
const CHECKS_PER_SECOND = IS_FULL ? 1_000_000 : 500;
const PATHS = IS_FULL ? 5_000 : 1;
const POLICIES = 1_000;
const EDIT_EVERY_MS = 2_000;
/** Share of Checks that the machine may keep the client from asking; with more it was no soak. */
const MOST_NOT_ASKED = 0.05;
const SAMPLE_EVERY_MS = 10_000;
/** Memory before that is not judged, nor is a slope of less than as much again. */
const WARM_SECONDS = 900;
const MOST_SLOPE_MIB = 1;
const MOST_HEAP_GROWTH = 1.1;
/** All steps wait until what they would break has been renewed or has expired. */
const ROTATION_TIMEOUT = '20m';

const program = join(projectRoot, 'dist/main.js');
const config = `trustDomain: cluster.local
listen: { extAuthz: "127.0.0.1:0", health: "127.0.0.1:0" }
log: { level: warn }
policies: { candidate: { paths: [${IS_FULL ? './candidate' : ''}] } }
authority: { x509SvidTtl: 2m }
entries:
  - { spiffeId: "spiffe://cluster.local/ns/default/sa/a", selectors: ["unix:uid:${process.geteuid?.()}"] }
`;

const otherPolicies = (edit: number): string =>
  Array.from({ length: POLICIES }, (_, i) =>
    allowing('GET')
      .replace('details-viewer, namespace: default', `other-${i}, namespace: team-${i % 40}`)
      .replace('[GET]', i === POLICIES >> 1 ? `[GET, EDIT${edit}]` : '[GET]'),
  ).join('---\n');

execFileSync('npm', ['run', '-s', 'build'], { cwd: projectRoot, stdio: 'inherit' });
await using dir = await tempDir('soak-');
await mkdir(dir.at('policies'));
await writeFile(dir.at('policies/details.yaml'), allowing('GET'));
await writeFile(dir.at('policies/others.yaml'), otherPolicies(0));
await mkdir(dir.at('candidate'));
await writeFile(dir.at('candidate/details.yaml'), allowing('POST'));
await writeFile(dir.at('gatehouse.yaml'), config);
await using gatehouse = await runGatehouse(dir.at('gatehouse.yaml'), program);
const troubles: string[] = [];
const stopping = new AbortController();
const { signal: stop } = stopping;
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());

using clients = openClients(gatehouse);
const checking = steadyChecks(gatehouse.ready.extAuthz, CHECKS_PER_SECOND, stop, PATHS);
const editing = editPolicies();
const sampling = sampleMemory(gatehouse);
await delay(MINUTES * 30_000, undefined, { signal: stop }).catch(() => undefined);
const rotating = rotate();
await delay(MINUTES * 30_000, undefined, { signal: stop }).catch(() => undefined);
await rotating;
stopping.abort();
const [checks, edits, samples] = await Promise.all([checking, editing, sampling]);
const { renewals } = clients;
if (checks.wrong + checks.errors > 0) troubles.push(`Checks: ${checks.firstTrouble}`);
const notAsked = checks.notAsked / Math.max(1, checks.asked + checks.notAsked);
if (!IS_FULL && notAsked > MOST_NOT_ASKED)
  troubles.push(`${(notAsked * 100).toFixed(1)} % of the Checks were never asked`);
judgeMemory(samples);
console.log(
  JSON.stringify({ minutes: MINUTES, ...checks, edits, renewals, first: samples[0], last: samples.at(-1), troubles }),
);
console.log(troubles.length === 0 ? 'ok' : `FAILED: ${troubles.join('; ')}`);
process.exitCode = troubles.length === 0 ? 0 : 1;

/** Streams of the Workload API, each on a connection of its own; each answer after the first is a renewal, or a bundle. */
function openClients({ ready }: RunningGatehouse): Disposable & { readonly renewals: number } {
  let renewals = 0;
  const args = [ready.workloadApi, String(CLIENTS), '1'];
  const child = fork(join(projectRoot, 'bench/stream-clients.ts'), args, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  child.on('message', (message) => {
    const { word } = message as { readonly word: string }; // ours, from stream-clients.ts
    if (word === 'all') {
      renewals += 1;
      child.send('mark'); // and again, when all have had another
    } else if (word !== 'marked' && !stop.aborted) troubles.push(`clients: ${word}`);
  });
  child.once('exit', () => {
    if (!stop.aborted) troubles.push('the clients went away');
  });
  return {
    get renewals() {
      return renewals;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

async function editPolicies(): Promise<number> {
  let edits = 0;
  while (!stop.aborted) {
    await delay(EDIT_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
    edits += 1;
    await writeFile(dir.at('others.new'), otherPolicies(edits));
    await rename(dir.at('others.new'), dir.at('policies/others.yaml'));
  }
  return edits;
}

async function sampleMemory({ ready }: RunningGatehouse): Promise<readonly MemorySample[]> {
  const samples: MemorySample[] = [];
  const startMs = performance.now();
  while (!stop.aborted) {
    await delay(SAMPLE_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
    const sample = await memorySample(Math.round((performance.now() - startMs) / 1000), ready);
    samples.push(sample);
    if (samples.length % 6 === 1) process.stderr.write(`${JSON.stringify(sample)}\n`);
  }
  return samples;
}

async function rotate(): Promise<void> {
  const args = [
    'ca',
    'rotate',
    '--config',
    dir.at('gatehouse.yaml'),
    '--reason',
    'soak',
    '--timeout',
    ROTATION_TIMEOUT,
  ];
  await using child = startChild(...programCommand(program, ...args));
  const aborted = new Promise<'stopped'>((resolve) => stop.addEventListener('abort', () => resolve('stopped')));
  const ended = await Promise.race([child.ended, aborted]);
  if (ended !== 0) troubles.push(`the rotation: ${ended} ${child.stderr().slice(-500)}`);
}

function judgeMemory(samples: readonly MemorySample[]): void {
  const warm = samples.filter(({ atSeconds }) => atSeconds >= Math.min(WARM_SECONDS, MINUTES * 20));
  const isJudged = MINUTES * 60 >= 2 * WARM_SECONDS;
  for (const name of ['primary', 'decider'] as const) {
    const slope = slopePerTenMinutes(warm, name);
    console.log(`${name}: ${slope.toFixed(2)} MiB in ten minutes${isJudged ? '' : ' (too short to be judged)'}`);
    if (isJudged && slope > MOST_SLOPE_MIB) troubles.push(`${name} grows by ${slope.toFixed(2)} MiB in ten minutes`);
  }
  const growth = heapGrowth(warm);
  console.log(`least heap of the last half over that of the first: ${growth.toFixed(3)}`);
  if (isJudged && growth > MOST_HEAP_GROWTH) troubles.push(`the live heap has grown to ${growth.toFixed(2)} of itself`);
}
