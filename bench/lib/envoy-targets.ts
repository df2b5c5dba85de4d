/**
 * Envoys that are measured: each with its filters, opened, seen to answer as it should, and loaded in interleaved rounds.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import { certificateOf, type EnvoyParts, envoyConfig, http1Request, trustAnchor } from './envoy-config.ts';
import { shown } from './figures.ts';
import { cache, rust } from './paths.ts';
import { clientCore, cpuSeconds, freePort, listening, type Running, start } from './processes.ts';
import { alone } from './quiet.ts';
import { run } from './run.ts';
import { askedOf, type Word } from './same-rules.ts';
import type { Settings } from './settings.ts';
import type { Case } from './verdicts.ts';

/** As much as passes, before anything is measured: until what compiles itself has done so. */
const WARM_UP = ['--connections', '32', '--warm', '0', '--seconds', '2'];

/** An Envoy with one filter or none, and what answers its Checks. */
export interface Target {
  readonly label: string;
  readonly rules: number;
  readonly filters: readonly object[];
  /** More of its configuration. */
  readonly around?: EnvoyParts;
  /** Refuses the request that no rule allows; absent: it does where it has a filter, and rules. */
  readonly refuses?: boolean;
  readonly inner: (Pick<Case, 'running'> & { readonly peer?: Case['peer']; readonly rules: number }) | undefined;
  why: string | undefined;
  envoy: { readonly where: string; readonly pid: number; stop(): Promise<void> } | undefined;
  readonly rounds: Round[];
}

interface Loaded {
  readonly sent: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly samples: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface Round extends Loaded {
  readonly envoyMicros: number;
  readonly serverMicros: number;
}

/** Loads each with as much as passes. */
export async function warmUp(targets: readonly Target[]): Promise<void> {
  for (const one of targets) if (one.why === undefined) await alone(() => load(one, 'hit', WARM_UP));
}

/** Loads all of them in turn, the order turned round with each round. */
export async function measureRounds(
  targets: readonly Target[],
  { rounds, stop }: Pick<Settings, 'rounds' | 'stop'>,
  options: readonly string[],
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const one of i % 2 === 0 ? targets : targets.toReversed()) {
      if (one.why !== undefined || stop.aborted) continue;
      const round = await alone(async () => load(one, 'hit', options));
      one.rounds.push(round);
      process.stderr.write(
        `  round ${i + 1} ${one.label}: ${shown(round.rate, 0)}/s, p50 ${round.p50} p99 ${round.p99} p99.9 ${round.p999} µs, Envoy ${shown(round.envoyMicros, 0)} server ${shown(round.serverMicros, 0)} µs\n`,
      );
    }
  }
}

/** A target of a case, or of nothing. */
export const target = (label: string, rules: number, filters: readonly object[], inner: Case | undefined): Target => ({
  label,
  rules,
  filters,
  inner,
  why: inner?.why,
  envoy: undefined,
  rounds: [],
});

/** A target of a server that runs already. */
export function createTarget(label: string, rules: number, filters: readonly object[], running: Running): Target {
  return { label, rules, filters, inner: { running, rules }, why: undefined, envoy: undefined, rounds: [] };
}

/** Starts the target's Envoy and sees that it answers as it should. */
export async function openEnvoy(one: Target): Promise<void> {
  if (one.why !== undefined) return;
  try {
    const program = await ensureEnvoy();
    const port = await freePort();
    const name = `envoy-${one.label.replaceAll(/[^a-z0-9-]+/gi, '-')}`;
    const file = join(cache, `${name}.json`);
    const authz = one.inner?.running?.where;
    writeFileSync(
      file,
      JSON.stringify(envoyConfig({ port, filters: one.filters, ...one.around, ...(authz && { authz }) })),
    );
    const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
    const { child, stop } = start(name, [program, '-c', file, ...flags]);
    one.envoy = { where: `127.0.0.1:${port}`, pid: child.pid!, stop };
    await listening(one.envoy.where, child);
    one.why = await wrongStatus(one);
  } catch (thrown) {
    one.why = thrown instanceof Error ? thrown.message : String(thrown);
  }
  process.stderr.write(`  ${one.label}: ${one.why ?? 'statuses are right'}\n`);
}

async function wrongStatus(one: Target): Promise<string | undefined> {
  const refuses = one.refuses ?? (one.filters.length > 0 && (one.inner === undefined || one.inner.rules > 0));
  for (const [word, wanted] of [
    ['hit', '200'],
    ['miss', refuses ? '403' : '200'],
  ] as const) {
    const got = await statusesOf(one, word);
    if (got !== wanted) return `answers ${got} instead of ${wanted}`;
  }
  return undefined;
}

/** How often it is tried until a machine that is busy answers anything. */
const TRIES = 5;

/** The statuses that a word is answered with; empty: nothing was, in any of the tries. */
async function statusesOf(one: Target, word: Word): Promise<string> {
  const options = ['--rate', '20', '--warm', '0.2', '--seconds', '0.5', '--connections', '1'];
  for (let tries = 0; tries < TRIES; tries++) {
    const got = Object.keys((await load(one, word, options)).statuses).join();
    if (got !== '') return got;
  }
  return '';
}

export async function load({ envoy, inner, rules }: Target, word: Word, options: readonly string[]): Promise<Round> {
  const asked = askedOf(rules === 0 ? 1_000 : rules, word);
  const { certificate, key } = certificateOf(asked.principal);
  const request = join(cache, `request-${rules}-${word}.txt`);
  writeFileSync(request, http1Request(asked));
  const servers = inner?.running?.pids ?? [];
  const { where, pid } = envoy!; // only what was opened is loaded
  const before = { envoy: cpuSeconds([pid]), server: cpuSeconds(servers) };
  const client = ['taskset', '-c', clientCore, join(rust, 'openloop'), '--addr', where, '--request', request];
  const { ok, stdout, stderr } = await run([
    ...client,
    '--ca',
    trustAnchor,
    '--cert',
    certificate,
    '--key',
    key,
    ...options,
  ]);
  if (!ok) throw new Error(stderr.slice(-300));
  const loaded = JSON.parse(stdout) as Loaded; // our own client's form
  const each = 1e6 / Math.max(1, loaded.sent);
  return {
    ...loaded,
    envoyMicros: (cpuSeconds([pid]) - before.envoy) * each,
    serverMicros: (cpuSeconds(servers) - before.server) * each,
  };
}
