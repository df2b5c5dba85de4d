/**
 * `npm run differential -- [--seed N] [--factor F] [--world NAME,…] [--corners SHARE] [--keep DIR]`
 *
 * Random worlds of a fresh seed, hand-made corner cases and the live path, each decided by Istio's own translation in the real
 * Envoy and by the product. Needs Go and root. A disagreement is made small and printed with its policies and a command.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkDocuments } from './documents.ts';
import { cornerTables, playCorners, problemOf } from './hand-made.ts';
import { ensureJudge } from './judge.ts';
import { playLive } from './live.ts';
import { playPeerModes } from './peer-modes.ts';
import { explainDifference, playWorld, worldNames } from './random-worlds.ts';
import { createReport } from './report.ts';
import { judgeRegions, problemIn } from './z3/judge.ts';

const { values } = parseArgs({
  options: {
    seed: {
      type: 'string',
      default: process.env['DIFFERENTIAL_SEED'] ?? `${Math.floor(Math.random() * 1_000_000_000)}`,
    },
    factor: { type: 'string', default: process.env['DIFFERENTIAL_FACTOR'] ?? '2.2' },
    world: { type: 'string', default: worldNames.join(',') },
    corners: { type: 'string', default: '0.25' },
    keep: { type: 'string' },
  },
});
const seed = Number(values.seed);
const factor = Number(values.factor);
const share = Number(values.corners);

const MOST_EXPLAINED = 2;
/** A sample; `.ci/long regions` asks about all. */
const MOST_REGIONS = 20_000;
const REGION_SECONDS = 45;

const report = createReport();
let verdicts = 0;
console.log(`seed ${seed}, factor ${factor}`);
await ensureJudge();
const directory = values.keep ?? (await mkdtemp(join(tmpdir(), 'gatehouse-differential-')));
try {
  for (const name of values.world.split(',').filter((each) => each !== '')) await world(name);
  if (share > 0) {
    await documents();
    await peerModes();
    await regions();
  }
  if (share > 0) for (const name of Object.keys(cornerTables)) await corners(name);
  if (values.world !== '') {
    const { requests, problem } = await playLive(directory, seed);
    report.check(`the same answers on the wire: ${requests} requests to Istio's filters and to the product`, problem);
  }
} finally {
  if (values.keep === undefined) await rm(directory, { recursive: true, force: true });
}
console.log(`\n  ${verdicts} verdicts compared, seed ${seed}`);
process.exit(report.end() ? 0 : 1);

async function world(name: string): Promise<void> {
  const { verdicts: count, differences } = await playWorld(directory, name, seed, factor);
  verdicts += count;
  const shown: string[] = [];
  for (const difference of differences.slice(0, MOST_EXPLAINED))
    shown.push(await explainDifference(directory, difference));
  const problem =
    count === 0
      ? 'no verdicts'
      : shown.length === 0
        ? undefined
        : `${differences.length} differences\n${shown.join('\n\n')}`;
  report.check(`world ${name}, seed ${seed}: ${count} verdicts`, problem);
}

async function documents(): Promise<void> {
  const { documents: count, problem } = await checkDocuments();
  report.check(`${count} documents: Istio says what it said when they were recorded`, problem);
}

async function peerModes(): Promise<void> {
  const { asked, problem } = await playPeerModes(2000, seed);
  verdicts += asked;
  report.check(`PeerAuthentication, seed ${seed}: the modes of ${asked} ports`, problem);
}

async function regions(): Promise<void> {
  const judgement = await judgeRegions({ seed, regions: MOST_REGIONS, seconds: REGION_SECONDS });
  const { regions: count, empty, unknown, samples } = judgement;
  const told = `z3, seed ${seed}: ${count} regions (${empty} empty), ${samples} requests, ${unknown} without an answer`;
  report.check(told, problemIn(judgement));
}

async function corners(name: string): Promise<void> {
  const outcomes = await playCorners(name, Math.max(1, Math.round(1 / share)), seed);
  const count = outcomes.reduce((sum, { played }) => sum + played, 0);
  verdicts += count;
  const problems = outcomes.map(problemOf).filter((each) => each !== undefined);
  const problem =
    problems.length === 0 ? undefined : `${problems.length} cases differ\n${problems.slice(0, 5).join('\n\n')}`;
  report.check(`corners ${name}: ${outcomes.length} cases, ${count} verdicts`, problem);
}
