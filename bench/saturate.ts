/**
 * Check at full load: each server has one core, its client another; CPU time of the server for one request.
 * @module
 */

import { type Section, shown, shownSpread, spread } from './lib/figures.ts';
import { peers } from './lib/peers.ts';
import { clientCore, cpuSeconds, machineSeconds, type Running, residentMib } from './lib/processes.ts';
import { alone } from './lib/quiet.ts';
import { framedFile } from './lib/requests.ts';
import { run } from './lib/run.ts';
import type { Word } from './lib/same-rules.ts';
import type { Settings } from './lib/settings.ts';
import { type Case, startCases, stopCases } from './lib/verdicts.ts';

interface Round {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly clientMicros: number;
  readonly memoryMib: number;
  /** Cores that others on the machine used meanwhile. */
  readonly foreignCores: number;
}

/** A round in which others used more than this is taken again. */
const MOST_FOREIGN = 0.3;
const TRIES = 3;

/** Measures every peer in interleaved rounds; the order turns round with each. */
export async function saturate(
  { rounds, seconds, only, isFull, stop }: Settings,
  word: Word = 'hit',
): Promise<Section> {
  const some = peers
    .filter(({ name }) => only.peers === undefined || only.peers.includes(name))
    .map((peer) =>
      peer.isOurs || isFull ? peer : { ...peer, sizes: peer.sizes.filter((size) => size === 0 || size === 1_000) },
    );
  const cases = await startCases(some);
  const taken = new Map<Case, Round[]>();
  try {
    const able = cases.filter(({ why }) => why === undefined);
    for (let i = 0; i < rounds; i++) {
      for (const one of i % 2 === 0 ? able : able.toReversed()) {
        if (one.why !== undefined || stop.aborted) continue;
        const round = await measure(one, word, seconds).catch((thrown: unknown) => String(thrown));
        if (typeof round === 'string') {
          one.why = round;
          continue;
        }
        taken.set(one, [...(taken.get(one) ?? []), round]);
        process.stderr.write(
          `  round ${i + 1} ${one.label}: ${shown(round.perSecond, 0)}/s, ${shown(round.cpuMicros, 2)} µs, others ${shown(round.foreignCores, 2)}\n`,
        );
      }
    }
  } finally {
    await stopCases(cases);
  }
  return report(cases, taken, word);
}

async function measure(one: Case, word: Word, seconds: number): Promise<Round> {
  for (let tries = 1; ; tries++) {
    const round = await alone(async () => {
      const quick = await load(one, word, ['-D', '1']).catch(() => undefined);
      const warm = quick ?? (await load(one, word, ['-n', '60'])); // too slow for a second to tell
      const count = Math.max(100, Math.round(warm.perSecond * seconds));
      return load(one, word, ['-n', String(count)]);
    });
    if (round.foreignCores <= MOST_FOREIGN || tries === TRIES) return round;
  }
}

async function load({ peer, rules, running }: Case, word: Word, amount: readonly string[]): Promise<Round> {
  const { where, pids } = running as Running; // only what runs is measured
  const body = framedFile(peer.path, rules === 0 ? 1_000 : rules, word);
  const url = where.startsWith('unix:')
    ? ['-B', where, `http://localhost${peer.path}`]
    : [`http://${where}${peer.path}`];
  const options = [
    '-t',
    '1',
    '-c',
    '4',
    '-m',
    '50',
    '-H',
    'content-type: application/grpc',
    '-H',
    'te: trailers',
    '-d',
    body,
  ];
  const before = {
    server: cpuSeconds(pids),
    machine: machineSeconds(),
    client: process.resourceUsage(),
    at: performance.now(),
  };
  const { stdout, stderr } = await run(['taskset', '-c', clientCore, 'h2load', ...options, ...amount, ...url]);
  const wall = (performance.now() - before.at) / 1000;
  const server = cpuSeconds(pids) - before.server;
  const answered = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1] ?? 0);
  const took = /finished in ([\d.]+)(us|ms|s), /.exec(stdout);
  if (answered === 0 || took === null)
    throw new Error(`h2load: too slow, or ${stderr.trim().split('\n')[0] || 'no answers'}`);
  const unit = { us: 1e-6, ms: 1e-3, s: 1 }[took[2] as 'us' | 'ms' | 's']; // as matched
  const client = Math.max(0, wall - server); // it spins on its own core
  return {
    perSecond: answered / (Number(took[1]) * unit),
    cpuMicros: (server / answered) * 1e6,
    clientMicros: (client / answered) * 1e6,
    memoryMib: residentMib(pids),
    foreignCores: Math.max(0, (machineSeconds() - before.machine - server) / wall - 1),
  };
}

function report(cases: readonly Case[], taken: ReadonlyMap<Case, readonly Round[]>, word: Word): Section {
  const figures = cases.map((one) => {
    const done = taken.get(one) ?? [];
    return {
      label: one.label,
      what: one.peer.what,
      ours: one.peer.isOurs,
      rules: one.rules,
      why: one.why,
      rounds: done,
      cpu: done.length === 0 ? undefined : spread(done.map(({ cpuMicros }) => cpuMicros)),
      rate: done.length === 0 ? undefined : spread(done.map(({ perSecond }) => perSecond)),
      memory: done.at(-1)?.memoryMib,
    };
  });
  const base = figures.find(({ label }) => label === 'gatehouse@1000')?.cpu?.median;
  return {
    name: word === 'hit' ? 'saturate' : 'saturate-miss',
    title: `CPU of one Check, at full load (${word === 'hit' ? 'a rule allows' : 'no rule allows'})`,
    note: 'h2load, 4 connections × 50 requests in flight, 1.2 kB CheckRequest; server on one core, client on another. CPU is user and system time of the server over answered requests.',
    head: [
      'server',
      'rules',
      'CPU µs a request, median (min–max)',
      'requests/s a core',
      'memory MiB',
      '× Gatehouse at 1,000',
    ],
    rows: figures.map(({ label, what, rules, cpu, rate, memory, why }) => {
      const name = `${label.split('@')[0]}: ${what}`;
      const count = rules === 0 ? '–' : shown(rules, 0);
      if (cpu === undefined || rate === undefined)
        return [name, count, `not run: ${why ?? 'ended before'}`, '', '', ''];
      const times = base === undefined ? '' : shown(cpu.median / base, 2);
      return [name, count, shownSpread(cpu), shownSpread(rate, 0), shown(memory ?? 0, 0), times];
    }),
    raw: figures,
    plot: {
      unit: 'µs',
      bars: figures.flatMap(({ label, cpu, ours }) => (cpu === undefined ? [] : [{ label, value: cpu.median, ours }])),
    },
  };
}
