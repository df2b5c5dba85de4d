/**
 * `node bench/counting.ts --before COMMIT [--now COMMIT] [--rounds N]`: what a Check costs with all that a decider counts and records,
 * beside the build of another commit, in interleaved rounds of processes of their own.
 * `node bench/counting.ts --without hits [--rounds N]`: the same build with and without one that counts, turn and turn about in one process; `--rounds` are such turns.
 * @module
 */
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { programOf } from './lib/builds.ts';
import { checkRequest } from './lib/check-request.ts';
import { spread } from './lib/figures.ts';
import { root } from './lib/paths.ts';
import { run } from './lib/run.ts';
import { ruleSets } from './rule-sets.ts';

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    now: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    of: { type: 'string' },
    without: { type: 'string' },
  },
});
const RULES = 1_000;
const sets = ruleSets.filter(({ onlySize }) => onlySize === undefined).slice(0, 3);

/** Makes what takes the CPU nanoseconds of a Check of a set, by the sources of one folder; `without` is left out of what counts. */
async function opened(folder: string) {
  const from = <T>(path: string): Promise<T> => import(pathToFileURL(join(folder, 'src', path)).href) as Promise<T>;
  const { createCheck } = await from<typeof import('../src/authz/check.ts')>('authz/check.ts');
  const { compileSnapshot } = await from<typeof import('../src/policy/compile/compile-snapshot.ts')>(
    'policy/compile/compile-snapshot.ts',
  );
  const { createWatchable } = await from<typeof import('../src/lib/watchable.ts')>('lib/watchable.ts');
  const { startReports } = await from<typeof import('../src/server/decider/decision-reports.ts')>(
    'server/decider/decision-reports.ts',
  );
  const keySets = { generation: 0, sets: new Map() };
  const revocations = { sequence: 0, spiffeIds: new Set(), serials: new Set(), spkis: new Set() } as const;
  return (set: (typeof sets)[number], without?: string) => {
    const reports = startReports(
      () => undefined,
      (entry) => ({ ...entry, tokens: undefined }),
    );
    const recorders = Object.entries(reports.recorders).filter(([name]) => name !== without);
    const snapshot = compileSnapshot(set.model(RULES), { allowEmpty: false });
    const check = createCheck({
      state: createWatchable({ ...{ snapshot, keySets, revocations }, bundles: undefined } as never), // of its own build
      options: {
        ...{ workloads: [], clients: [], trustedHops: 0, ownPrefixes: ['spiffe://cluster.local/'] },
        ...{ verifyPeer: 'observe', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' },
      },
      verifyTokens: () => {
        throw new Error('no token rules here');
      },
      ...(Object.fromEntries(recorders) as typeof reports.recorders), // all but one that may be absent
      clock: { now: () => Date.now() },
    });
    const requests = set.requests(RULES).map(checkRequest);
    const some = (times: number): number => {
      const { user, system } = process.cpuUsage();
      for (let i = 0; i < times; i++) check(requests[i % requests.length]!, { local: true });
      const after = process.cpuUsage();
      reports.report(undefined);
      return ((after.user + after.system - user - system) * 1000) / times;
    };
    some(100_000);
    return { some, [Symbol.dispose]: () => reports[Symbol.dispose]() };
  };
}

/** Of each set. */
async function measure(folder: string): Promise<readonly number[]> {
  const open = await opened(folder);
  return sets.map((set) => {
    using checks = open(set);
    const taken = Array.from({ length: 7 }, () => checks.some(50_000)).sort((a, b) => a - b);
    return taken[3]!;
  });
}

/** Turn and turn about in one process: what a counter costs is less than what two processes differ by. */
async function measureWithout(without: string, turns: number): Promise<void> {
  const open = await opened(root);
  for (const set of sets) {
    using all = open(set);
    using fewer = open(set, without);
    const taken = Array.from({ length: turns }, (_, turn) => {
      const first = turn % 2 === 0 ? [all.some(10_000), fewer.some(10_000)] : [fewer.some(10_000), all.some(10_000)];
      return turn % 2 === 0 ? first : first.reverse();
    });
    const ratio = spread(taken.map(([one = 0, other = 1]) => one / other));
    const [now, before] = [0, 1].map((i) => spread(taken.map((pair) => pair[i]!)).median);
    console.log(
      `${set.name.padEnd(56)} without ${before!.toFixed(0)} ns  with ${now!.toFixed(0)} ns  ratio ${ratio.median.toFixed(3)}`,
    );
  }
}

if (values.of !== undefined) {
  console.log(JSON.stringify(await measure(values.of)));
  process.exit(0);
}
if (values.without !== undefined) {
  await measureWithout(values.without, Number(values.rounds));
  process.exit(0);
}

const folderOf = (commit: string): string => dirname(dirname(programOf(commit)));
const folders = {
  before: folderOf(values.before ?? 'HEAD~1'),
  now: values.now === undefined ? root : folderOf(values.now),
} as const;
const taken = { before: sets.map((): number[] => []), now: sets.map((): number[] => []) };
for (let round = 0; round < Number(values.rounds); round++) {
  const order = round % 2 === 0 ? (['before', 'now'] as const) : (['now', 'before'] as const);
  for (const name of order) {
    const { ok, stdout, stderr } = await run([process.execPath, import.meta.filename, '--of', folders[name]]);
    if (!ok) throw new Error(stderr.slice(-1_000));
    for (const [i, ns] of (JSON.parse(stdout) as number[]).entries()) taken[name][i]!.push(ns);
  }
}
for (const [i, { name }] of sets.entries()) {
  const ratios = taken.now[i]!.map((ns, round) => ns / taken.before[i]![round]!);
  const [before, now, ratio] = [taken.before[i]!, taken.now[i]!, ratios].map(spread);
  console.log(
    `${name.padEnd(56)} before ${before!.median.toFixed(0)} ns  now ${now!.median.toFixed(0)} ns  ratio ${ratio!.median.toFixed(3)} (${ratio!.min.toFixed(3)}–${ratio!.max.toFixed(3)})`,
  );
}
