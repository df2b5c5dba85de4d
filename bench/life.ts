/**
 * The product's own life: how soon it answers, what it takes while idle, and what a reload of 10,000 policies does to Checks.
 * @module
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { extAuthzFilter } from './lib/envoy-config.ts';
import { createTarget, load, openEnvoy, type Round } from './lib/envoy-targets.ts';
import { type Section, shown, shownSpread, spread } from './lib/figures.ts';
import { cache } from './lib/paths.ts';
import { cpuSeconds, residentMib } from './lib/processes.ts';
import { type Product, startGatehouse } from './lib/product.ts';
import { alone } from './lib/quiet.ts';
import { checkPath } from './lib/requests.ts';
import { istioYaml, rulesOf } from './lib/same-rules.ts';
import type { Settings } from './lib/settings.ts';

const DOCUMENTS = 10_000;
const EDITS = 4;
/** After three quiet seconds memory is given back. */
const IDLE_MS = 7_000;

/** A policy file of one document a rule; the edited one gives one of them another path. */
function writeDocuments(file: string, count: number, edit: number): void {
  const rules = rulesOf(count).map((rule, i) => (i === 7 && edit > 0 ? { ...rule, prefix: `/edit-${edit}/` } : rule));
  writeFileSync(`${file}.new`, istioYaml(rules, true));
  renameSync(`${file}.new`, file);
}

/** From the start of the process to the word that it answers Check, and memory when nothing happens. */
export async function startAndMemory({ rounds }: Settings): Promise<Section> {
  const rows: string[][] = [];
  const raw: unknown[] = [];
  for (const count of [10, 1_000, 10_000]) {
    const policy = join(cache, `documents-${count}.yaml`);
    writeDocuments(policy, count, 0);
    const ready: number[] = [];
    const memory: { primary: number; decider: number }[] = [];
    for (let i = 0; i <= rounds; i++) {
      await alone(async () => {
        const product = await startGatehouse('life', { rules: count, transport: 'lane', policy });
        await delay(IDLE_MS);
        if (i > 0) {
          ready.push(product.readyMs);
          memory.push({ primary: residentMib([product.primaryPid]), decider: residentMib(product.deciderPids) });
        }
        await product.stop();
      });
    }
    const primary = spread(memory.map((one) => one.primary));
    const decider = spread(memory.map((one) => one.decider));
    raw.push({ count, ready, memory });
    const total = primary.median + decider.median;
    rows.push([
      shown(count, 0),
      shownSpread(spread(ready), 0),
      shown(primary.median, 0),
      shown(decider.median, 0),
      shown(total, 0),
    ]);
  }
  return {
    name: 'start',
    title: 'Start and memory',
    note: `The built program. From the start of the process until it says that it is ready: policies in force, the self-test passed through Check, all listeners open; a new data directory each time; modules were compiled by a start before, which is not counted. Memory is resident, ${IDLE_MS / 1000} s later. One document a rule.`,
    head: ['policies', 'ready after ms, median (min–max)', 'primary MiB', 'decider MiB', 'together MiB'],
    rows,
    raw,
  };
}

const QUEUED_CONNECTIONS = 80;
const QUEUED_STREAMS = 250;

/** Checks that have begun and not ended, and what the decider's memory grows by. */
export async function queued(): Promise<Section> {
  const rows: string[][] = [];
  const raw: unknown[] = [];
  for (const [what, bytes] of [
    ['only its headers are there', 0],
    ['of its 1,201 bytes the last is missing', 1_200],
  ] as const) {
    const product = await startGatehouse('queued', { rules: 1_000, transport: 'lane' });
    const grown = await measuredOn(product, bytes);
    raw.push({ what, bytes, grown });
    rows.push([what, shown(grown, 0)]);
  }
  return {
    name: 'queued',
    title: 'Memory of a Check that waits for the rest of its request',
    note: `${QUEUED_CONNECTIONS} connections × ${QUEUED_STREAMS} streams; growth of the decider's resident memory over their number.`,
    head: ['', 'bytes a Check'],
    rows,
    raw,
  };
}

async function measuredOn(product: Product, bytes: number): Promise<number> {
  try {
    return await alone(() => growth(product, bytes));
  } finally {
    await product.stop();
  }
}

/** Bytes of memory for each stream that was opened and got so many bytes of a message that is one byte longer. */
async function growth({ where, deciderPids: pids }: Product, bytes: number): Promise<number> {
  const count = QUEUED_CONNECTIONS * QUEUED_STREAMS;
  const before = residentMib(pids);
  const broken: unknown[] = [];
  const sessions = Array.from({ length: QUEUED_CONNECTIONS }, () =>
    connect(`http://${where}`).on('error', (error) => broken.push(error)),
  );
  const message = Buffer.alloc(5 + bytes);
  message.writeUInt32BE(bytes + 1, 1);
  const headers = { ':method': 'POST', ':path': checkPath, 'content-type': 'application/grpc', te: 'trailers' };
  for (const session of sessions) {
    for (let i = 0; i < QUEUED_STREAMS; i++) {
      const stream = session.request(headers, { endStream: false });
      stream.on('error', () => undefined); // they are cut off at the end
      if (bytes > 0) stream.write(message);
    }
  }
  await Promise.all(sessions.map((session) => new Promise((resolve) => session.ping(resolve))));
  await delay(500);
  if (broken.length > 0) throw new Error(`${broken.length} connections were cut off`, { cause: broken[0] });
  const grown = ((residentMib(pids) - before) * 2 ** 20) / count;
  for (const session of sessions) session.destroy();
  await delay(500);
  return grown;
}

/** One document of 10,000 is edited, again and again, while Envoy asks 1,000 times a second. */
export async function reload(settings: Settings): Promise<Section> {
  const policy = join(cache, `documents-${DOCUMENTS}.yaml`);
  writeDocuments(policy, DOCUMENTS, 0);
  const product = await startGatehouse('reload', { rules: DOCUMENTS, transport: 'lane', policy });
  const target = createTarget('reload', DOCUMENTS, [extAuthzFilter()], product);
  try {
    await openEnvoy(target);
    if (target.why !== undefined) throw new Error(target.why);
    const seconds = Math.max(6, settings.seconds * 2);
    const options = ['--rate', '1000', '--connections', '32', '--warm', '1', '--seconds', String(seconds)];
    const [before, during, edits] = await alone(async () => {
      const quiet = await load(target, 'hit', options);
      const loading = load(target, 'hit', options);
      const took = await editing(product, (seconds * 1000) / (EDITS + 1));
      return [quiet, await loading, took] as const;
    });
    return reloadReport(before, during, edits);
  } finally {
    await target.envoy?.stop();
    await product.stop();
  }
}

interface Edit {
  /** From the new file's being there to its being in force in the decider, the wait whether more comes included. */
  readonly tookMs: number;
  readonly primaryCpuMs: number;
  readonly deciderCpuMs: number;
}

async function editing(product: Product, everyMs: number): Promise<readonly Edit[]> {
  const edits: Edit[] = [];
  for (let edit = 1; edit <= EDITS; edit++) {
    await delay(everyMs);
    const before = { primary: cpuSeconds([product.primaryPid]), decider: cpuSeconds(product.deciderPids) };
    const startedAt = Date.now();
    writeDocuments(product.policyFile, DOCUMENTS, edit);
    const writtenAt = Date.now();
    const inForceAt = await untilInForce(product.logFile, edit + 1);
    edits.push({
      tookMs: inForceAt - Math.max(startedAt, writtenAt),
      primaryCpuMs: (cpuSeconds([product.primaryPid]) - before.primary) * 1000,
      deciderCpuMs: (cpuSeconds(product.deciderPids) - before.decider) * 1000,
    });
  }
  return edits;
}

/** The time at which the log says that policies of a generation are in force. */
export async function untilInForce(logFile: string, generation: number): Promise<number> {
  for (let waited = 0; waited < 60_000; waited += 10) {
    for (const line of readFileSync(logFile, 'utf8').split('\n')) {
      if (!line.includes('policies are in force')) continue;
      const entry = JSON.parse(line) as { readonly generation: number; readonly time: string }; // our own log
      if (entry.generation >= generation) return Date.parse(entry.time);
    }
    await delay(10);
  }
  throw new Error(`generation ${generation} did not come into force`);
}

function reloadReport(before: Round, during: Round, edits: readonly Edit[]): Section {
  const took = spread(edits.map(({ tookMs }) => tookMs));
  const failed = (round: Round): number => round.samples - (round.statuses['200'] ?? 0);
  const row = (name: string, round: Round): string[] => [
    name,
    ...[round.p50, round.p99, round.p999].map((micros) => shown(micros / 1000, 2)),
    String(failed(round)),
  ];
  return {
    name: 'reload',
    title: `Reload: one of ${shown(DOCUMENTS, 0)} policies is edited, under 1,000 requests/s`,
    note: `Envoy, decider and primary share one core, the client has the other. One file of ${shown(DOCUMENTS, 0)} documents, replaced ${EDITS} times. In force in the decider after ${shownSpread(took, 0)} ms, of which 20 ms are the wait whether more comes; CPU of a reload: primary ${shown(spread(edits.map(({ primaryCpuMs }) => primaryCpuMs)).median, 0)} ms, decider ${shown(spread(edits.map(({ deciderCpuMs }) => deciderCpuMs)).median, 0)} ms (its Checks meanwhile included).`,
    head: ['', 'p50 ms', 'p99 ms', 'p99.9 ms', 'not answered 200'],
    rows: [row('before', before), row('while reloading', during)],
    raw: { before, during, edits },
  };
}
