/**
 * The live path: the same requests through one Envoy with Istio's filters, then through one that asks the product, each in front of
 * the same upstream. What the client gets and what the upstream sees must be the same.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { eventually } from '../support/eventually.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';
import type { Request } from './case.ts';
import { curlLine } from './curl-line.ts';
import { runJudge } from './judge.ts';

/** One whole answer, as the judge writes it. */
interface Seen {
  readonly id: string;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[] | null;
  readonly body: string;
  readonly error?: string;
  readonly details: string;
  readonly request: Request;
}

export interface LiveOutcome {
  readonly requests: number;
  readonly problem: string | undefined;
}

/** About a thousand requests each: every field and TCP; tokens. */
const worlds = [
  ['t2-all', 0.12],
  ['t2-jwt', 0.15],
] as const;

/** Plays both worlds; at least 2,000 requests must come to an answer. */
export async function playLive(directory: string, seed: number): Promise<LiveOutcome> {
  const problems: string[] = [];
  let requests = 0;
  for (const [name, factor] of worlds) {
    const folder = join(directory, 'live', name);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await playWorldLive(join(directory, 'live'), name, seed, factor);
    const asked = readSeen(join(folder, 'product.jsonl'));
    const native = readSeen(join(folder, 'native.jsonl'));
    requests += native.length;
    for (const [i, want] of native.entries()) {
      const problem = difference(want, asked[i]);
      if (problem !== undefined)
        problems.push(`${want.id}: ${problem}\n${curlLine(want.request)}\n${policiesOf(folder, want.id)}`);
    }
  }
  if (requests < 2000) problems.push(`only ${requests} requests`);
  const problem = problems.length === 0 ? undefined : `${problems.length} differ\n${problems.slice(0, 5).join('\n')}`;
  return { requests, problem };
}

/** The judge asks Istio's filters, says who the workloads are, waits for the product's socket, and asks the product. */
async function playWorldLive(out: string, name: string, seed: number, factor: number): Promise<void> {
  const folder = join(out, name);
  const socket = join(folder, 'ext-authz.sock');
  const args = [
    'live',
    '-out',
    out,
    '-world',
    name,
    '-seed',
    `${seed}`,
    '-factor',
    `${factor}`,
    '-product',
    `unix:${socket}`,
  ];
  const judge = runJudge(args);
  const workloads = await Promise.race([
    eventually(
      'the judge says who the workloads are',
      () => readFileSync(join(folder, 'workloads.json'), 'utf8'),
      600_000,
    ),
    judge.then(() => Promise.reject(new Error('the judge ended before it was answered'))),
  ]);
  const config = join(folder, 'gatehouse.yaml');
  await writeFile(
    config,
    stringify({
      trustDomain: 'cluster.local',
      listen: {
        extAuthz: { path: socket, mode: '0666' },
        admin: `unix:${join(folder, 'admin.sock')}`,
        workloadApi: `unix:${join(folder, 'workload.sock')}`,
        health: '127.0.0.1:0',
      },
      store: `sqlite:${join(folder, 'data', 'gatehouse.db')}`,
      dataDir: join(folder, 'data'),
      policies: { paths: [join(folder, 'policies')] },
      workloads: JSON.parse(workloads) as unknown, // the judge's own, in the form of our configuration
    }),
  );
  await using gatehouse = await runGatehouse(config);
  await judge;
  if (gatehouse.ready.ready !== true) throw new Error('never');
}

function readSeen(path: string): readonly Seen[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Seen); // the judge's own JSON
}

/**
 * Headers as lists of values (RFC 9110 §5.3): where two good tokens name a header each, jwt_authn writes two lines, and what
 * ext_authz appends Envoy joins with a comma.
 */
function asLists(saw: string): string {
  const [request = '', ...lines] = JSON.parse(saw) as readonly string[]; // the judge's own: the request line, then headers
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon);
    values.set(name, [...(values.get(name) ?? []), ...line.slice(colon + 2).split(',')]);
  }
  return JSON.stringify([request, ...[...values].map(([name, all]) => `${name}: ${all.sort().join(',')}`)]);
}

/** What of an answer is compared; clocks are left out. */
function comparable({ status, headers, body, error }: Seen): string {
  const lines = (headers ?? []).filter(([name]) => name !== 'date' && name !== 'x-envoy-upstream-service-time');
  const shown = lines.map(([name, value]) =>
    name === 'x-upstream-saw'
      ? `upstream saw ${asLists(Buffer.from(value, 'base64').toString('utf8'))}`
      : `${name}: ${value}`,
  );
  return [
    `status ${status}`,
    ...shown.sort(),
    `body ${JSON.stringify(body)}`,
    ...(error === undefined ? [] : ['no answer']),
  ].join('\n');
}

function difference(native: Seen, asked: Seen | undefined): string | undefined {
  if (asked === undefined || asked.id !== native.id) return 'not asked';
  const [want, got] = [comparable(native), comparable(asked)];
  if (want === got) return undefined;
  const [wanted, given] = [want.split('\n'), got.split('\n')];
  const only = (some: readonly string[], others: readonly string[]): string =>
    some.filter((line) => !others.includes(line)).join('\n    ');
  return `\n  Istio's filters (${native.details}): ${only(wanted, given)}\n  the product (${asked.details}): ${only(given, wanted)}`;
}

function policiesOf(folder: string, id: string): string {
  const set = id.split('/')[1] ?? '';
  const names = readdirSync(join(folder, 'policies')).filter(
    (name) => name === `${set}.yaml` || name.startsWith('istio-system'),
  );
  return names
    .map((name) => readFileSync(join(folder, 'policies', name), 'utf8'))
    .join('---\n')
    .slice(0, 4000);
}
