/**
 * Sections that are programs of their own, so that one's compiled code is not another's.
 * @module
 */
import { join } from 'node:path';
import { type Section, type Spread, shown, shownSpread, spread } from './lib/figures.ts';
import { root } from './lib/paths.ts';
import { serverCore } from './lib/processes.ts';
import { alone } from './lib/quiet.ts';
import { run } from './lib/run.ts';
import type { Settings } from './lib/settings.ts';

/** What a program of the bench prints with `--json`. */
async function printedBy<T>(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cores: 'one' | 'all' = 'one',
): Promise<T> {
  const pinned = cores === 'one' ? ['taskset', '-c', serverCore] : [];
  const node = [...pinned, process.execPath, '--disable-warning=ExperimentalWarning'];
  const { ok, stdout, stderr } = await alone(() => run([...node, join(root, script), ...args, '--json'], { env }));
  if (!ok) throw new Error(stderr.slice(-500));
  return JSON.parse(stdout) as T; // our own programs
}

interface DecisionRow {
  readonly set: string;
  readonly rules: number;
  readonly buildMs: number;
  readonly allowNs?: number;
  readonly denyNs: number;
  readonly checkNs: number;
}

/** One decision by number and kind of rules; CPU time of the process. */
export async function decisions({ isFull }: Settings): Promise<Section> {
  const sizes = isFull ? '10,1000,10000,100000' : '10,1000,10000';
  const rows = await printedBy<DecisionRow[]>('bench/decision.ts', [], { SIZES: sizes });
  const micros = (ns: number | undefined): string => (ns === undefined ? '–' : shown(ns / 1000, 2));
  return {
    name: 'decision',
    title: 'A decision alone',
    note: 'In process, no network. The decision from a request whose outline is read, every fact decoded anew; "whole Check" is everything from bytes to bytes: reading, deciding, answering, decision log and counters. CPU µs, median of 7 rounds.',
    head: ['rules', 'number', 'compiled in ms', 'allow µs', 'deny µs', 'whole Check µs'],
    rows: rows.map(({ set, rules, buildMs, allowNs, denyNs, checkNs }) => [
      set,
      shown(rules, 0),
      shown(buildMs, 0),
      micros(allowNs),
      micros(denyNs),
      micros(checkNs),
    ]),
    raw: rows,
    plot: {
      unit: 'µs',
      bars: rows.map(({ set, rules, denyNs }) => ({
        label: `${set.slice(0, 34)} ${rules}`,
        value: denyNs / 1000,
        ours: true,
      })),
    },
  };
}

interface IssuanceRow {
  readonly what: string;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly ofSign: number;
  readonly ofSignAndVerify: number;
}

/** SVIDs a second on one core against the bare signature. */
export async function issuance({ seconds }: Settings): Promise<Section> {
  const rows = await printedBy<IssuanceRow[]>('bench/issuance.ts', [String(Math.min(seconds, 3))]);
  return {
    name: 'issuance',
    title: 'Issuing',
    note: 'One core, SQLite on a real disk with every commit synced, group commit on, 256 requests in flight.',
    head: ['', 'a second', 'CPU µs', 'of bare signing', 'of bare signing and verifying'],
    rows: rows.map(({ what, perSecond, cpuMicros, ofSign, ofSignAndVerify }) => [
      what,
      shown(perSecond, 0),
      shown(cpuMicros),
      shown(ofSign, 2),
      shown(ofSignAndVerify, 2),
    ]),
    raw: rows,
  };
}

interface KeyTokenRow {
  readonly directPerSecond: number;
  readonly directMicros: number;
  readonly oursPerSecond: number;
  readonly oursMicros: number;
  readonly share: number;
  readonly oneByOneShare: number;
}

/** Signatures of a PKCS#11 token through the signing process against those of the token alone. */
export async function keyToken({ seconds }: Settings): Promise<Section> {
  const row = await printedBy<KeyTokenRow>('bench/key-token.ts', [String(Math.min(seconds, 3))]);
  return {
    name: 'key-token',
    title: 'Keys on a PKCS#11 token',
    note: 'SoftHSM 2, P-256. Directly: one thread, one session, nothing in between. Through the signing process: 64 in flight, four sessions. Medians of five interleaved rounds.',
    head: ['', 'a second', 'CPU µs, both processes', 'of the token'],
    rows: [
      ['the token, called directly', shown(row.directPerSecond, 0), shown(row.directMicros), '1'],
      ['through the signing process', shown(row.oursPerSecond, 0), shown(row.oursMicros), shown(row.share, 2)],
      ['one after the other', '', '', shown(row.oneByOneShare, 2)],
    ],
    raw: row,
  };
}

interface WhileIssuing {
  readonly workloads: number;
  readonly seconds: number;
  readonly before: { readonly p50Ms: number; readonly p99Ms: number };
  readonly during: { readonly p50Ms: number; readonly p99Ms: number };
}

/** What issuing does to Checks: latency before, and while a thousand workloads fetch their first SVID. */
export async function checksWhileIssuing({ rounds }: Settings): Promise<Section> {
  const all: WhileIssuing[] = [];
  for (let i = 0; i < rounds; i++) all.push(await printedBy<WhileIssuing>('bench/checks-while-issuing.ts', []));
  const row = (what: string, of: (one: WhileIssuing) => WhileIssuing['before']): string[] => [
    what,
    shownSpread(spread(all.map((one) => of(one).p50Ms)), 2),
    shownSpread(spread(all.map((one) => of(one).p99Ms)), 2),
  ];
  const ratio = spread(all.map(({ before, during }) => during.p99Ms / before.p99Ms));
  return {
    name: 'checks-while-issuing',
    title: 'Checks while SVIDs are issued',
    note: `200 Checks a second; meanwhile ${all[0]!.workloads} workloads, 64 at once, each fetch a first SVID over a connection of its own. Everything, the clients too, shares one core. p99 is ${shownSpread(ratio)} times what it was before; all had theirs after ${shownSpread(spread(all.map(({ seconds }) => seconds)))} s.`,
    head: ['', 'p50 ms', 'p99 ms'],
    rows: [row('before', ({ before }) => before), row('while issuing', ({ during }) => during)],
    raw: all,
  };
}

interface ConsoleRow {
  readonly kilobytes: number;
  readonly firstViewMs: Spread;
  readonly scroll: { readonly liveMs: Spread; readonly emptyMs: Spread; readonly ratio: Spread };
  readonly check: {
    readonly p50: Spread;
    readonly p99: Spread;
    readonly p99WithoutMs: Spread;
    readonly serverCpu: Spread;
    readonly serverCpuWith10: Spread;
    readonly consolesCpu: Spread;
  };
}

/** The console's page in a real browser. */
export async function consolePage(): Promise<Section> {
  const row = await printedBy<ConsoleRow>('bench/console.ts', [], {}, 'all');
  const { kilobytes, firstViewMs, scroll, check } = row;
  return {
    name: 'console',
    title: 'The console',
    note: "Debian's Chromium without a GPU, on loopback, 1,000 decisions a second. Frames are held against those of an empty page with the same scroll, in turns. Ten consoles are ten programs that follow as for a page, without a browser; Checks are sent at 200 a second, and their figures with ten consoles open are held against those without, in turns.",
    head: ['', 'median (min–max)'],
    rows: [
      ['scripts, gzip, kB', shown(kilobytes)],
      ['first view, ms', shownSpread(firstViewMs, 0)],
      ['frame while Live scrolls, p95, ms', shownSpread(scroll.liveMs)],
      ['of an empty page', shownSpread(scroll.ratio, 2)],
      ['p99 of Check with ten consoles, of that without', shownSpread(check.p99, 2)],
      ['p50 of Check with ten consoles, of that without', shownSpread(check.p50, 2)],
      ['p99 of Check without, ms', shownSpread(check.p99WithoutMs, 2)],
      ["the server's share of one processor, without", shownSpread(check.serverCpu, 3)],
      ["the server's share of one processor, with ten consoles", shownSpread(check.serverCpuWith10, 3)],
      ["the ten consoles' share of one processor", shownSpread(check.consolesCpu, 3)],
    ],
    raw: row,
  };
}
