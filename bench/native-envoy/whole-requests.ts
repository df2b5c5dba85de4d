/**
 * Whole requests through an Envoy that decides itself, as its policy comes from a running Gatehouse, beside Envoy alone and beside one
 * that asks about each.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { adminClient } from '../../src/cli/admin/admin-client.ts';
import { unlessDecided } from '../../src/cli/envoy/filters/asking-gate.ts';
import { connectionFacts, nativeFilters, reportDecided } from '../../src/cli/envoy/native.ts';
import { SDS_CLUSTER } from '../../src/cli/envoy/tls.ts';
import { extAuthzFilter, grpcCluster } from '../lib/envoy-config.ts';
import {
  createTarget,
  load,
  measureRounds,
  openEnvoy,
  type Round,
  type Target,
  target,
  warmUp,
} from '../lib/envoy-targets.ts';
import { type Section, shown, shownSpread, spread } from '../lib/figures.ts';
import { clientCore, pin, serverCore } from '../lib/processes.ts';
import { type Product, startGatehouse } from '../lib/product.ts';
import { destination } from '../lib/same-rules.ts';
import type { Settings } from '../lib/settings.ts';

const RULES = 10_000;
const PER_SECOND = 1_000;
/** How long an Envoy may take until it has its policy. */
const MOST_WAIT_MS = 60_000;

/** Measures at a steady rate, then at the most that passes. At most 2 s a measurement. */
export async function wholeRequests(settings: Settings): Promise<readonly Section[]> {
  const gatehouse = await startGatehouse('native-envoy-gatehouse', {
    rules: RULES,
    transport: 'lane',
    more: { entries: [{ spiffeId: destination, selectors: [`unix:uid:${process.geteuid?.()}`] }] },
  });
  const targets = targetsOf(gatehouse);
  try {
    for (const one of targets) await openEnvoy(one);
    await haveTheirPolicy(gatehouse, targets.filter(isNative).length);
    for (const one of targets.filter(isNative)) await asksNobody(gatehouse, one);
    await warmUp(targets);
    const seconds = Math.min(2, settings.seconds);
    await pinAll(gatehouse, serverCore);
    const steady = await measured(targets, settings, [
      ...['--rate', String(PER_SECOND), '--connections', '32'],
      ...['--warm', '0.5', '--seconds', String(seconds)],
    ]);
    await pinAll(gatehouse, clientCore);
    const most = await measured(targets, settings, [
      ...['--connections', '64', '--warm', '0.3', '--seconds', String(seconds * 0.75)],
    ]);
    return [steadySection(steady), mostSection(most)];
  } finally {
    for (const { envoy } of targets) await envoy?.stop();
    await gatehouse.stop();
  }
}

const isNative = ({ label }: Pick<Target, 'label'>): boolean => label.startsWith('decides itself');

/** The first is what the others are held against. */
function targetsOf(gatehouse: Product): readonly Target[] {
  const socket = grpcCluster(SDS_CLUSTER, `unix:${gatehouse.folder}/run/workload.sock`);
  const decides = (label: string, accessLogs: readonly object[]): Target => ({
    ...createTarget(label, RULES, [...nativeFilters(), unlessDecided(extAuthzFilter())], gatehouse),
    around: {
      node: { id: label.replaceAll(/[^a-z]+/g, '-'), cluster: 'bench' },
      ...{ clusters: [socket], accessLogs, networkFilters: [connectionFacts] },
    },
  });
  return [
    target('Envoy alone', 0, [], undefined),
    decides('decides itself', []),
    decides('decides itself, tells of each', [reportDecided()]),
    createTarget('asks about each', RULES, [extAuthzFilter()], gatehouse),
  ];
}

async function pinAll({ pids }: Product, core: string): Promise<void> {
  for (const pid of pids) await pin(pid, core);
}

/** Resolves when so many hold their policies. @throws Error if one asks about everything, or refuses, or is late */
async function haveTheirPolicy({ folder }: Product, count: number): Promise<void> {
  const admin = await adminClient({ admin: `unix:${folder}/run/admin.sock`, config: '' });
  const until = performance.now() + MOST_WAIT_MS;
  for (;;) {
    const { envoys } = await admin.ask('GET /v1/envoys');
    const states = envoys.map(({ configs }) => configs.map(({ resource, state }) => `${resource} ${state}`));
    const ready = states.filter((each) => each.includes('gatehouse.policy holds'));
    if (ready.length === count) return;
    if (performance.now() > until) throw new Error(`not all have their policy: ${JSON.stringify(states)}`);
    await delay(100);
  }
}

/** @throws Error if a request that the tree could decide was asked about */
async function asksNobody(gatehouse: Product, one: Target): Promise<void> {
  const before = await checksOf(gatehouse);
  const { statuses } = await load(one, 'hit', ['--rate', '100', '--warm', '0', '--seconds', '1', '--connections', '1']);
  const after = await checksOf(gatehouse);
  if (after !== before) throw new Error(`${one.label}: asked ${after - before} times`);
  if (Object.keys(statuses).join() !== '200') throw new Error(`${one.label}: answers ${JSON.stringify(statuses)}`);
}

/** How many Checks it has answered. */
async function checksOf({ health }: Product): Promise<number> {
  const text = await (await fetch(`http://${health}/metrics`)).text();
  const counts = [...text.matchAll(/^gatehouse_check_total\{[^}]*\} (\d+)/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** What each came to in this kind of load. */
interface Taken {
  readonly label: string;
  readonly why: string | undefined;
  readonly rounds: readonly Round[];
}

async function measured(
  targets: readonly Target[],
  settings: Settings,
  options: readonly string[],
): Promise<readonly Taken[]> {
  const fresh = targets.map((one) => ({ ...one, rounds: [] }));
  await measureRounds(fresh, settings, options);
  return fresh.map(({ label, why, rounds }) => ({ label, why, rounds }));
}

const medianOf = ({ rounds }: Taken, pick: (round: Round) => number): number => spread(rounds.map(pick)).median;

function rowsOf(taken: readonly Taken[], cells: (one: Taken, base: Taken) => readonly string[]): Section['rows'] {
  const [base] = taken;
  return taken.map((one) =>
    one.rounds.length === 0 || base === undefined || base.rounds.length === 0
      ? [one.label, `not run: ${one.why ?? 'ended before'}`]
      : [one.label, ...cells(one, base)],
  );
}

const times = (one: Taken, base: Taken, pick: (round: Round) => number): string =>
  `${shown(medianOf(one, pick) / medianOf(base, pick), 2)} ×`;

/** Of all answers that counted, as a percentage. */
function answered({ rounds }: Taken): string {
  const all = rounds.reduce((sum, { samples }) => sum + samples, 0);
  const good = rounds.reduce((sum, { statuses }) => sum + (statuses['200'] ?? 0), 0);
  return `${shown((good / Math.max(1, all)) * 100, 2)} %`;
}

function steadySection(taken: readonly Taken[]): Section {
  const p50 = (round: Round): number => round.p50;
  const p99 = (round: Round): number => round.p99;
  const ms = (one: Taken, pick: (round: Round) => number): string =>
    shownSpread(spread(one.rounds.map((round) => pick(round) / 1000)), 2);
  return {
    name: 'native-latency',
    title: `Envoys that decide themselves at ${shown(PER_SECOND, 0)} requests/s, ${shown(RULES, 0)} rules`,
    note: 'Open loop with Poisson arrivals over 32 mTLS connections (HTTP/1.1); latency counts from when a request was due. Envoy (one worker) and Gatehouse share a core, the client has another. Milliseconds, median (min–max) of rounds, and the median beside that of Envoy alone.',
    head: ['Envoy', 'p50 ms', '', 'p99 ms', '', "Envoy's CPU µs", "Gatehouse's CPU µs", 'answered 200'],
    rows: rowsOf(taken, (one, base) => [
      ...[ms(one, p50), times(one, base, p50), ms(one, p99), times(one, base, p99)],
      shown(
        medianOf(one, ({ envoyMicros }) => envoyMicros),
        0,
      ),
      one === base
        ? '–'
        : shown(
            medianOf(one, ({ serverMicros }) => serverMicros),
            0,
          ),
      answered(one),
    ]),
    raw: taken,
    plot: {
      unit: 'ms',
      bars: taken.flatMap((one) =>
        one.rounds.length === 0
          ? []
          : [{ label: `${one.label}, p99`, value: medianOf(one, p99) / 1000, ours: isNative(one) }],
      ),
    },
  };
}

function mostSection(taken: readonly Taken[]): Section {
  const rate = (round: Round): number => round.rate;
  return {
    name: 'native-most',
    title: `The most that an Envoy passes that decides itself, ${shown(RULES, 0)} rules`,
    note: 'Closed loop, 64 mTLS connections (HTTP/1.1); Envoy (one worker) on a core of its own, Gatehouse shares the other with the client. Median (min–max) of rounds, and the median beside that of Envoy alone.',
    head: ['Envoy', 'requests/s', '', "Envoy's CPU µs", "Gatehouse's CPU µs", 'answered 200'],
    rows: rowsOf(taken, (one, base) => [
      shownSpread(spread(one.rounds.map(rate)), 0),
      times(one, base, rate),
      shown(
        medianOf(one, ({ envoyMicros }) => envoyMicros),
        1,
      ),
      one === base
        ? '–'
        : shown(
            medianOf(one, ({ serverMicros }) => serverMicros),
            1,
          ),
      answered(one),
    ]),
    raw: taken,
  };
}
