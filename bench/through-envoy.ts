/**
 * Through a real Envoy: what authorization adds to the latency at a fixed rate, to CPU, and takes from the most that passes.
 * @module
 */
import { extAuthzFilter, rbacFilter } from './lib/envoy-config.ts';
import { measureRounds, openEnvoy, type Round, type Target, target, warmUp } from './lib/envoy-targets.ts';
import { type Section, shown, shownSpread, spread } from './lib/figures.ts';
import { peers } from './lib/peers.ts';
import { clientCore, pin, serverCore } from './lib/processes.ts';
import { startGatehouse } from './lib/product.ts';
import type { Settings } from './lib/settings.ts';
import { type Case, startCases, stopCases } from './lib/verdicts.ts';

const PER_SECOND = 1_000;
const RBAC_SIZES = [10, 300, 1_000, 10_000];
/** At 1,000 requests a second, Envoy and server on one core. */
export async function envoyLatency(settings: Settings): Promise<Section> {
  const options = [
    '--rate',
    String(PER_SECOND),
    '--connections',
    '32',
    '--warm',
    '1',
    '--seconds',
    String(settings.seconds * 2),
  ];
  const targets = await measureAll(settings, serverCore, options);
  const base = targets.find(({ inner }) => inner?.peer?.name === 'rust-tonic');
  const rows = targets.map(({ label, why, rounds }) => {
    if (rounds.length === 0) return [label, `not run: ${why ?? 'ended before'}`, '', '', '', '', ''];
    const ms = (pick: (round: Round) => number): string =>
      shownSpread(spread(rounds.map((round) => pick(round) / 1000)), 2);
    const micros = (pick: (round: Round) => number): string => shown(spread(rounds.map(pick)).median, 0);
    const all = rounds.reduce((sum, { samples }) => sum + samples, 0);
    const good = rounds.reduce((sum, { statuses }) => sum + (statuses['200'] ?? 0), 0);
    return [
      label,
      ms(({ p50 }) => p50),
      ms(({ p99 }) => p99),
      ms(({ p999 }) => p999),
      micros(({ envoyMicros }) => envoyMicros),
      micros(({ serverMicros }) => serverMicros),
      `${shown((good / Math.max(1, all)) * 100, 2)} %`,
    ];
  });
  return {
    name: 'envoy-latency',
    title: `Latency through Envoy at ${PER_SECOND.toLocaleString('en-US')} requests/s`,
    note: `Open loop with Poisson arrivals over 32 mTLS connections (HTTP/1.1); latency counts from when a request was due. Envoy (one worker) and the server, all its processes, share a core, the client has another; each was at full load for 2 s before. Milliseconds, median (min–max) of rounds.${verdict(targets, base)}`,
    head: ['target', 'p50 ms', 'p99 ms', 'p99.9 ms', "Envoy's CPU µs", "server's CPU µs", 'answered 200'],
    rows,
    raw: targets.map(({ label, why, rounds }) => ({ label, why, rounds })),
    plot: {
      unit: 'ms',
      bars: targets.flatMap(({ label, rounds, inner }) =>
        rounds.length === 0
          ? []
          : [
              {
                label: `${label} p99`,
                value: spread(rounds.map(({ p99 }) => p99 / 1000)).median,
                ours: inner?.peer?.isOurs === true,
              },
            ],
      ),
    },
  };
}

/** The number of rules from which the call out, Envoy's side included, costs less than Envoy's own RBAC. */
function verdict(targets: readonly Target[], base: Target | undefined): string {
  const cost = ({ rounds }: Target): number =>
    spread(rounds.map((round) => round.envoyMicros + round.serverMicros)).median;
  const alone = targets.find(({ label }) => label === 'Envoy alone');
  const ours = targets.find(
    ({ inner, rounds }) => inner?.peer?.name === 'gatehouse' && inner.rules === 1_000 && rounds.length > 0,
  );
  const rbac = targets.filter(({ label, rounds }) => label.startsWith('Envoy RBAC') && rounds.length > 0);
  if (alone === undefined || alone.rounds.length === 0 || ours === undefined || rbac.length < 2) return '';
  const added = cost(ours) - cost(alone);
  const points = rbac.map((target) => ({ rules: target.rules, added: cost(target) - cost(alone) }));
  const from = crossing(points, added);
  const where = from === undefined ? 'beyond the sizes measured' : `from about ${shown(from, 0)} rules on`;
  const text = ` Gatehouse adds ${shown(added, 0)} µs of CPU a request, Envoy's side included; Envoy's own RBAC adds more ${where}.`;
  return base === undefined || base.rounds.length === 0
    ? text
    : `${text} tonic, deciding nothing, adds ${shown(cost(base) - cost(alone), 0)} µs.`;
}

/** Where a rising line through some points passes a height. */
function crossing(
  points: readonly { readonly rules: number; readonly added: number }[],
  height: number,
): number | undefined {
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1]!;
    const b = points[i]!;
    if (b.added < height) continue;
    if (a.added >= height) return a.rules;
    return a.rules + ((height - a.added) / (b.added - a.added)) * (b.rules - a.rules);
  }
  return undefined;
}

/** As much as passes: Envoy on one core, the server beside the client on the other. */
export async function envoyMost(settings: Settings): Promise<Section> {
  const options = ['--connections', '64', '--warm', '0.5', '--seconds', String(settings.seconds)];
  return mostReport(
    'envoy-most',
    'The most that one Envoy worker passes',
    await measureAll(settings, clientCore, options),
  );
}

function mostReport(name: string, title: string, targets: readonly Target[]): Section {
  return {
    name,
    title,
    note: 'Closed loop, 64 mTLS connections (HTTP/1.1); Envoy (one worker) on a core of its own, the server shares the other with the client. The last column: so many Envoy workers, each at its most, one core of the server would serve.',
    head: [
      'target',
      'requests/s, median (min–max)',
      "Envoy's CPU µs",
      "server's CPU µs",
      'p99 ms',
      'Envoy workers a core',
    ],
    rows: targets.map(({ label, why, rounds }) => {
      if (rounds.length === 0) return [label, `not run: ${why ?? 'ended before'}`, '', '', '', ''];
      const median = (pick: (round: Round) => number): number => spread(rounds.map(pick)).median;
      const server = median(({ serverMicros }) => serverMicros);
      const rate = spread(rounds.map((round) => round.rate));
      return [
        label,
        shownSpread(rate, 0),
        shown(
          median(({ envoyMicros }) => envoyMicros),
          1,
        ),
        shown(server, 1),
        shown(median(({ p99 }) => p99) / 1000, 1),
        server === 0 ? '–' : shown(1e6 / server / rate.median, 1),
      ];
    }),
    raw: targets.map(({ label, why, rounds }) => ({ label, why, rounds })),
  };
}

/** What of Envoy's own cost of the call is due to settings of the filter and its cluster. */
export async function envoySettings(settings: Settings): Promise<Section> {
  const options = ['--connections', '64', '--warm', '0.5', '--seconds', String(settings.seconds)];
  const gatehouse = peers.find(({ name }) => name === 'gatehouse')!; // it is in the table
  const tcp = { ...gatehouse, sizes: [1_000] };
  const [overTcp] = await startCases([tcp]);
  const [overUnix] = await overUnixSocket([gatehouse]);
  if (overTcp === undefined || overUnix === undefined) throw new Error('Gatehouse did not start');
  const everything = { include_peer_certificate: true, include_tls_session: true, encode_raw_headers: true };
  const few = { allowed_headers: { patterns: [{ exact: ':method' }, { exact: ':path' }, { exact: ':authority' }] } };
  const targets = [
    target('Envoy alone', 0, [], undefined),
    target('TCP, plain settings', 1_000, [extAuthzFilter()], overTcp),
    target('unix socket, plain settings', 1_000, [extAuthzFilter()], overUnix),
    target('unix socket, encode_raw_headers', 1_000, [extAuthzFilter({ encode_raw_headers: true })], overUnix),
    target(
      'unix socket, include_peer_certificate',
      1_000,
      [extAuthzFilter({ include_peer_certificate: true })],
      overUnix,
    ),
    target('unix socket, as `envoy bootstrap` has it', 1_000, [extAuthzFilter(everything)], overUnix),
    target('unix socket, only three headers sent', 1_000, [extAuthzFilter(few)], overUnix),
  ];
  await measureTargets(targets, [overTcp, overUnix], settings, clientCore, options);
  return mostReport('envoy-settings', "What settings change of Envoy's own cost", targets);
}

async function measureAll(settings: Settings, core: string, options: readonly string[]): Promise<readonly Target[]> {
  const wanted = peers.filter(
    ({ inEnvoy, name }) => inEnvoy && (settings.only.peers === undefined || settings.only.peers.includes(name)),
  );
  const atOneSize = wanted.map((peer) => ({
    ...peer,
    sizes:
      peer.isOurs && peer.sizes.length > 1
        ? [1_000, 10_000]
        : peer.sizes.filter((size) => size === 0 || size === 1_000),
  }));
  const cases = [...(await startCases(atOneSize)), ...(await overUnixSocket(wanted))];
  const targets: Target[] = [
    target('Envoy alone', 0, [], undefined),
    ...RBAC_SIZES.map((size) => target(`Envoy RBAC, ${shown(size, 0)} rules`, size, [rbacFilter(size)], undefined)),
    ...cases.map((one) => target(one.label, one.rules, [extAuthzFilter()], one)),
  ];
  await measureTargets(targets, cases, settings, core, options);
  return targets;
}

/** Opens each target's Envoy, measures in interleaved rounds, and ends all of it. */
async function measureTargets(
  targets: readonly Target[],
  cases: readonly Case[],
  settings: Settings,
  core: string,
  options: readonly string[],
): Promise<void> {
  try {
    for (const { running, why } of cases)
      if (why === undefined) for (const pid of running?.pids ?? []) await pin(pid, core);
    for (const one of targets) await openEnvoy(one);
    await warmUp(targets);
    await measureRounds(targets, settings, options);
  } finally {
    for (const { envoy } of targets) await envoy?.stop();
    await stopCases(cases);
  }
}

/** The same, with no TCP between Envoy and us. */
async function overUnixSocket(wanted: readonly { readonly name: string }[]): Promise<readonly Case[]> {
  const peer = peers.find(({ name }) => name === 'gatehouse');
  if (peer === undefined || !wanted.some(({ name }) => name === 'gatehouse')) return [];
  const unix = {
    ...peer,
    name: 'gatehouse-unix',
    sizes: [1_000],
    start: (label: string, rules: number) => startGatehouse(label, { rules, transport: 'lane', unix: true }),
  };
  return startCases([unix]);
}
