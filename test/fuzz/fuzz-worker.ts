/**
 * Runs inputs against one target, for ever: changes what it has, keeps what makes new pieces of our source run.
 * In a thread of its own, so that the main thread can tell when an input never ends.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Coverage, createCoverage } from './coverage.ts';
import { createRandom } from './random.ts';
import type { FuzzTarget } from './target.ts';
import { targetNamed } from './targets/targets.ts';

export interface FuzzOrder {
  readonly target: string;
  readonly seed: number;
  readonly corpus: readonly Uint8Array[];
  /** [0] counts inputs; [1] is the length of the one under way, whose bytes follow in `current`. */
  readonly progress: SharedArrayBuffer;
  readonly current: SharedArrayBuffer;
}

export type FuzzReport =
  | { readonly kind: 'finding'; readonly input: Uint8Array; readonly what: string }
  | { readonly kind: 'corpus'; readonly inputs: readonly Uint8Array[]; readonly blocks: number };

/** Inputs between two looks at the coverage. */
const BATCH = 64;
const THOROUGH_EVERY = 8;
const REPORT_EVERY_MS = 5_000;
const LONGEST = 100_000;
const sources = [
  '/src/transport/lane/',
  '/src/authz/',
  '/src/policy/compile/',
  '/src/lib/',
  '/src/server/',
  '/src/platform/observe/',
  '/src/identity/delivery/',
  '/src/identity/pki/',
];

const order = workerData as FuzzOrder; // only fuzz.ts starts us
const progress = new Int32Array(order.progress);
const current = new Uint8Array(order.current);
const tell = (report: FuzzReport): void => parentPort?.postMessage(report);

async function tried(target: FuzzTarget, input: Buffer): Promise<boolean> {
  current.set(input.subarray(0, current.length));
  progress[1] = input.length;
  Atomics.add(progress, 0, 1);
  try {
    await target.run(Buffer.from(input), progress[0]! % THOROUGH_EVERY === 0);
    return true;
  } catch (thrown) {
    tell({ kind: 'finding', input, what: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
    return false;
  }
}

/** Runs inputs; returns those that made something new run. */
async function explore(target: FuzzTarget, coverage: Coverage, inputs: readonly Buffer[]): Promise<Buffer[]> {
  const sound: Buffer[] = [];
  for (const input of inputs) if (await tried(target, input)) sound.push(input);
  if (!(await coverage.isNew(true))) return [];
  const kept: Buffer[] = [];
  for (const input of sound) if ((await tried(target, input)) && (await coverage.isNew())) kept.push(input);
  await coverage.isNew(); // what runs only in company counts as known
  return kept;
}

async function fuzz(): Promise<never> {
  const target = targetNamed(order.target);
  const random = createRandom(order.seed);
  using coverage = await createCoverage(sources);
  const given = [...target.seeds(), ...order.corpus.map((bytes) => Buffer.from(bytes))];
  const corpus: Buffer[] = [];
  for (const input of given) {
    if ((await tried(target, input)) && (await coverage.isNew())) corpus.push(input);
  }
  if (corpus.length === 0) corpus.push(...given);
  const report = (): void => tell({ kind: 'corpus', inputs: corpus, blocks: coverage.size });
  report();
  for (let told = performance.now(); ; ) {
    const inputs = Array.from({ length: BATCH }, () => {
      // The newest know most that is not yet explored.
      const from = random.once(3) ? corpus.slice(-8) : corpus;
      return target.mutate(random.pick(from), random.pick(corpus), random).subarray(0, LONGEST);
    });
    corpus.push(...(await explore(target, coverage, inputs)));
    if (performance.now() - told < REPORT_EVERY_MS) continue;
    told = performance.now();
    report();
  }
}

await fuzz();
