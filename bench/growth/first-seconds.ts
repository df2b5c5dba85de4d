/**
 * Latency through Envoy at 1,000 requests a second: in the first five seconds after a server is ready, and once it is warm, beside an empty
 * tonic handler in the same round. Envoy and server share a core.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import { certificateOf, envoyConfig, extAuthzFilter, http1Request, trustAnchor } from '../lib/envoy-config.ts';
import { cache, rust } from '../lib/paths.ts';
import { clientCore, freePort, listening, start } from '../lib/processes.ts';
import { startGatehouse } from '../lib/product.ts';
import { run } from '../lib/run.ts';
import { askedOf } from '../lib/same-rules.ts';
import type { Measure } from './builds.ts';

const RULES = 1_000;
const FIRST_SECONDS = 5;
const AT_RATE = ['--rate', '1000'];

interface Latencies {
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds; needs the peers in Rust, which `--only envoy-latency` builds. */
export const firstSeconds: Measure = async ({ name, program }, { seconds }) => {
  const steadySeconds = Math.max(seconds, FIRST_SECONDS);
  const ours = await behindEnvoy(`growth-first-${name}`, steadySeconds, async (where) => {
    const listen = { workloadApi: 'unix:./run/workload.sock', admin: 'unix:./run/admin.sock', health: '127.0.0.1:0' };
    return startGatehouse(`growth-first-${name}`, {
      ...{ rules: RULES, transport: 'lane', program },
      more: { listen: { ...listen, extAuthz: where } },
    });
  });
  const tonic = await behindEnvoy('growth-first-tonic', steadySeconds, async (where) => {
    const started = start('growth-tonic', [join(rust, 'tonic-floor'), where]);
    await listening(where, started.child);
    return started;
  });
  return {
    'p99 ms in the first five seconds': ours.first.p99 / 1000,
    'p99 ms, steady': ours.steady.p99 / 1000,
    'p50 ms, steady': ours.steady.p50 / 1000,
    'p99 in the first five seconds over steady': ours.first.p99 / ours.steady.p99,
    "p99 over the empty tonic handler's, steady": ours.steady.p99 / tonic.steady.p99,
    "p50 over the empty tonic handler's, steady": ours.steady.p50 / tonic.steady.p50,
  };
};

async function behindEnvoy(
  name: string,
  steadySeconds: number,
  startServer: (where: string) => Promise<{ stop(): Promise<void> }>,
): Promise<{ readonly first: Latencies; readonly steady: Latencies }> {
  const where = `127.0.0.1:${await freePort()}`;
  const port = await freePort();
  const file = join(cache, `${name}.json`);
  writeFileSync(file, JSON.stringify(envoyConfig({ port, filters: [extAuthzFilter()], authz: where })));
  const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
  const envoy = start(`${name}-envoy`, [await ensureEnvoy(), '-c', file, ...flags]);
  try {
    await listening(`127.0.0.1:${port}`, envoy.child);
    await ask(port, ['--seconds', '1']); // Envoy's own first second, in which it refuses all
    const server = await startServer(where);
    try {
      const first = await ask(port, [...AT_RATE, '--seconds', String(FIRST_SECONDS)]);
      await ask(port, ['--seconds', '2']); // as much as passes, until it is warm
      return { first, steady: await ask(port, [...AT_RATE, '--seconds', String(steadySeconds)]) };
    } finally {
      await server.stop();
    }
  } finally {
    await envoy.stop();
  }
}

async function ask(port: number, options: readonly string[]): Promise<Latencies> {
  const asked = askedOf(RULES, 'hit');
  const request = join(cache, 'growth-first-request.txt');
  writeFileSync(request, http1Request(asked));
  const { certificate, key } = certificateOf(asked.principal);
  const tls = ['--ca', trustAnchor, '--cert', certificate, '--key', key];
  const client = [join(rust, 'openloop'), '--addr', `127.0.0.1:${port}`, '--request', request, ...tls];
  const command = ['taskset', '-c', clientCore, ...client, '--connections', '32', '--warm', '0', ...options];
  const { ok, stdout, stderr } = await run(command);
  if (!ok) throw new Error(stderr.slice(-300));
  return JSON.parse(stdout) as Latencies; // our own client's form
}
