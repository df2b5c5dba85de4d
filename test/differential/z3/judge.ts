/**
 * z3 as a judge of regions: it reads the conditions of the policies, not our diagrams.
 *
 * Ports are bounded integers, addresses bit vectors, texts of z3's sequences, the lines of a header some texts that may be there.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { plainFacts } from '../../support/plain-facts.ts';
import { pythonWith } from '../../support/python-client.ts';
import { isInRegion } from '../../support/region-holds.ts';
import { createWorlds, type Fault, type World } from './worlds.ts';

/** What z3 found. */
export interface Judgement {
  readonly regions: number;
  readonly empty: number;
  /** Questions that z3 was asked, and those that it did not answer in its time. */
  readonly asked: number;
  readonly unknown: number;
  /** Requests that z3 chose inside and outside. */
  readonly samples: number;
  readonly problems: readonly string[];
}

interface Sample {
  readonly pair: number;
  readonly inside: boolean;
  readonly request: {
    readonly kind: number;
    readonly port: number;
    readonly mtls: boolean;
    readonly remote: string;
    readonly method: string;
    readonly path: string;
    readonly host: string;
    readonly sni: string;
    readonly lists: Readonly<Record<string, readonly string[]>>;
  };
}

interface Answer {
  readonly problems: readonly { readonly pair: number; readonly text: string }[];
  readonly asked: number;
  readonly unknown: number;
  readonly samples: readonly Sample[];
}

const BATCH = 20;
const MOST_SHOWN = 5;
/** One question in so many may be left open. */
const MOST_UNKNOWN = 20;

/** Judges the regions of random worlds until there are so many, or the time is over. */
export async function judgeRegions({
  seed,
  regions,
  seconds = Infinity,
  fault = (region) => region,
}: {
  readonly seed: number;
  readonly regions: number;
  readonly seconds?: number;
  readonly fault?: Fault;
}): Promise<Judgement> {
  const z3 = startZ3();
  const endMs = performance.now() + seconds * 1000;
  const sum = { regions: 0, empty: 0, asked: 0, unknown: 0, samples: 0, problems: [] as string[] };
  try {
    for (let batch = 0; sum.regions < regions && performance.now() < endMs; batch++) {
      let at = -1;
      for (const world of createWorlds(seed + batch, BATCH, fault)) {
        at++;
        if (world.pairs.length === 0) continue;
        if (sum.regions >= regions || performance.now() > endMs) break;
        const answer = await z3.ask(world.question);
        sum.regions += world.pairs.length;
        sum.empty += world.pairs.filter(({ empty }) => empty).length;
        sum.asked += answer.asked;
        sum.unknown += answer.unknown;
        sum.samples += answer.samples.length;
        const where = `seed ${seed + batch}, world ${at}, pair`;
        for (const { pair, text } of answer.problems) sum.problems.push(`${where} ${pair}: ${text}`);
        for (const sample of answer.samples)
          if (isHeld(world, sample) !== sample.inside)
            sum.problems.push(`${where} ${sample.pair}: z3 ${sample.inside ? 'allows' : 'denies'} ${told(sample)}`);
      }
    }
  } finally {
    await z3.end();
  }
  return sum;
}

/** How the regions differ from what z3 found; undefined if nowhere. Too few that are empty, or are not, are a problem too. */
export function problemIn({ regions, empty, asked, unknown, problems }: Judgement): string | undefined {
  if (problems.length > 0) return `${problems.length} differ\n${problems.slice(0, MOST_SHOWN).join('\n')}`;
  if (regions === 0 || empty === 0 || empty === regions) return `${empty} of ${regions} regions are empty`;
  return unknown * MOST_UNKNOWN > asked ? `z3 did not answer ${unknown} of ${asked} questions` : undefined;
}

const told = ({ request }: Sample): string => JSON.stringify(request);

/** Whether a request that z3 chose is in the region. */
function isHeld({ space, pairs }: World, { pair, request }: Sample): boolean {
  const { kind, port, mtls, remote, method, path, host, sni, lists } = request;
  const { from, region } = pairs[pair]!;
  const facts = plainFacts({
    protocol: kind === 0 ? 'http' : 'tcp',
    ipProtocol: [6, 6, 17, 132][kind]!,
    ...{ destinationPort: port, method, path, host, remote, headers: lists },
    peerNames: mtls && from.principal !== '' ? [from.principal] : [],
    ...(sni !== '' && { sni }),
  });
  return isInRegion(space, region, facts, 0);
}

function startZ3() {
  const here = import.meta.dirname;
  const packages = readFileSync(`${here}/requirements.txt`, 'utf8').split('\n').filter(Boolean);
  const child = spawn(pythonWith(packages), [`${here}/judge.py`], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined); // it may have ended
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question: string): Promise<Answer> {
      child.stdin.write(`${question}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`z3 ended: ${stderr}`);
      return JSON.parse(line.value) as Answer; // our own script wrote it
    },
    async end() {
      child.kill();
      await exit;
    },
  };
}
