/**
 * The long-running fuzzer: `npm run fuzz -- [--target lane|hpack|check|http|words] [--minutes 10] [--seed N] [--keep] [--replay FILE]`.
 *
 * Targets take turns of a minute. `--keep` writes what was found worth keeping to test/fixtures/fuzz. A finding is written to
 * .cache/fuzz/, and `--replay` runs it again. Exit 1 when anything was found.
 * @module
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { readCorpus, writeCorpus } from './corpus.ts';
import type { FuzzOrder, FuzzReport } from './fuzz-worker.ts';
import { targetNamed, targets } from './targets/targets.ts';

const { values: flags } = parseArgs({
  options: {
    target: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
});

const TURN_MS = 60_000;
/** An input that takes longer never ends, or might as well not. */
const HANG_MS = 10_000;
const MOST_MEMORY = 1_500 * 1024 * 1024;
const LONGEST = 100_000;
const folder = join(import.meta.dirname, '../../.cache/fuzz');

let found = 0;
/** One fault is found again and again: told once, by what was said of it without its values. */
const told = new Set<string>();
const corpora = new Map<string, readonly Buffer[]>();

/** Writes a finding where `--replay` reads it. */
function keepFinding(target: string, input: Uint8Array, what: string): void {
  found += 1;
  const kind = `${target} ${what.split('\n')[0]} ${/\n\s+at .*/.exec(what)?.[0]}`.replace(/\d+/g, 'N');
  if (told.has(kind)) return;
  told.add(kind);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(file, input);
  console.log(`FOUND in ${target}: ${what}\n  again: npm run fuzz -- --target ${target} --replay ${file}`);
}

/** Lets one target run for `ms`. Resolves to the inputs that it has tried. */
async function turn(target: string, seed: number, ms: number): Promise<number> {
  const order: FuzzOrder = {
    target,
    seed,
    corpus: corpora.get(target) ?? readCorpus(target),
    progress: new SharedArrayBuffer(8),
    current: new SharedArrayBuffer(LONGEST),
  };
  const progress = new Int32Array(order.progress);
  const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), { workerData: order });
  const current = (): Buffer => Buffer.from(new Uint8Array(order.current)).subarray(0, progress[1]);
  let blocks = 0;
  worker.on('message', (report: FuzzReport) => {
    if (report.kind === 'finding') keepFinding(target, report.input, report.what);
    else {
      corpora.set(
        target,
        report.inputs.map((input) => Buffer.from(input)),
      );
      ({ blocks } = report);
    }
  });
  const failed = new Promise<void>((resolve) =>
    worker.once('error', (error) => {
      keepFinding(target, current(), `the thread ended: ${error.stack}`);
      resolve();
    }),
  );
  const watched = new Promise<void>((resolve) => {
    const begun = performance.now();
    let [last, since] = [0, begun];
    const timer = setInterval(() => {
      const now = performance.now();
      if (progress[0] !== last) [last, since] = [progress[0]!, now];
      const hangs = now - since > HANG_MS && last > 0;
      const { rss } = process.memoryUsage();
      if (hangs) keepFinding(target, current(), `an input does not end within ${HANG_MS} ms`);
      if (rss > MOST_MEMORY) keepFinding(target, current(), `${rss >> 20} MiB of memory`);
      if (!hangs && rss <= MOST_MEMORY && now - begun < ms) return;
      clearInterval(timer);
      resolve();
    }, 200);
  });
  await Promise.race([failed, watched]);
  await worker.terminate();
  const memory = process.memoryUsage().rss >> 20;
  const inputs = progress[0]!;
  console.log(
    `${target.padEnd(6)} seed ${seed}: ${inputs} inputs, ${blocks} blocks, ${corpora.get(target)?.length ?? 0} kept, ${memory} MiB`,
  );
  return inputs;
}

async function replay(target: string, file: string): Promise<void> {
  await targetNamed(target).run(readFileSync(file), true);
  console.log('holds');
}

if (flags.replay !== undefined) await replay(flags.target ?? 'lane', flags.replay);
else {
  const names = flags.target === undefined ? targets.map(({ name }) => name) : [targetNamed(flags.target).name];
  let seed = flags.seed === undefined ? Date.now() % 1_000_000_000 : Number(flags.seed);
  const until = performance.now() + Number(flags.minutes) * 60_000;
  let inputs = 0;
  for (let n = 0; performance.now() < until; n += 1, seed += 1) {
    inputs += await turn(names[n % names.length]!, seed, Math.min(TURN_MS, until - performance.now()));
  }
  if (flags.keep) for (const [target, kept] of corpora) writeCorpus(target, kept);
  console.log(`${inputs} inputs, ${found} findings`);
  process.exitCode = found > 0 ? 1 : 0;
}
