/**
 * A large cluster that is watched: until it is in force, what that takes, and what pods that change without end cost.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { checkClient } from '../../test/support/check-client.ts';
import { checkLatencies, quantile } from '../lib/check-latencies.ts';
import { type Section, shownSpread, spread } from '../lib/figures.ts';
import { cache, root } from '../lib/paths.ts';
import { clientCore, cpuSeconds, residentMib } from '../lib/processes.ts';
import { type Product, startGatehouse } from '../lib/product.ts';
import { alone } from '../lib/quiet.ts';
import type { Settings } from '../lib/settings.ts';
import { authorizationPolicy, networkPolicy, pod, probe } from './objects.ts';

const PODS = 20_000;
const POLICIES = 5_000;
const RATE = 200;
const PROBES = 100;
/** Memory is given back after three quiet seconds. */
const IDLE_MS = 7_000;

interface Replay extends AsyncDisposable {
  readonly url: string;
  order(path: string): Promise<{ readonly atMs: number; readonly writtenAtMs: number }>;
}

/** Measures it; figures by name. */
async function measure(): Promise<Readonly<Record<string, number>>> {
  await using replay = await startReplay();
  mkdirSync(cache, { recursive: true });
  const kubeconfig = join(cache, 'replay-kubeconfig.json');
  const cluster = { server: replay.url };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: {} }],
    }),
  );
  const beganAt = Date.now();
  const policies = { paths: [], planes: { l4: 'enforce' } };
  const product = await startGatehouse('kubernetes', { ...nothing(), more: { kubernetes: { kubeconfig }, policies } });
  const readyAtMs = beganAt + product.readyMs;
  try {
    const { writtenAtMs } = await replay.order('/churn?rate=0');
    await delay(IDLE_MS);
    const watcherMib = residentMib([product.primaryPid]);
    const deciderMib = residentMib(product.deciderPids);
    const quiet = await asked(product);
    const busy = await churned(product, replay, quiet.percent);
    return {
      'ms until in force, from the start of the process': product.readyMs,
      'ms until in force, from the last line of the stream': readyAtMs - writtenAtMs,
      'MiB of the watcher': watcherMib,
      'MiB of the decider': deciderMib,
      'p99 of Check in ms, nothing changes': quantile(quiet.latencies, 0.99),
      ...busy,
      'MiB of the watcher after that': residentMib([product.primaryPid]),
    };
  } finally {
    await product.stop();
  }
}

/** 200 Checks a second: their latencies, and of watcher and decider what they take of a core. */
async function asked({ where, primaryPid, deciderPids }: Product) {
  const pids = [primaryPid, ...deciderPids];
  const [beganAt, cpu] = [performance.now(), pids.map((pid) => cpuSeconds([pid]))];
  const latencies = await checkLatencies(where, 10);
  const seconds = (performance.now() - beganAt) / 1000;
  return { latencies, percent: pids.map((pid, i) => (100 * (cpuSeconds([pid]) - cpu[i]!)) / seconds) };
}

/** What 200 changes of pods a second do. */
async function churned(
  product: Product,
  replay: Replay,
  quietPercent: readonly number[],
): Promise<Readonly<Record<string, number>>> {
  await replay.order(`/churn?rate=${RATE}`);
  await delay(3_000);
  const busy = await asked(product);
  const more = busy.percent.map((percent, i) => percent - quietPercent[i]!);
  const inForce = await probes(product, replay);
  await replay.order('/churn?rate=0');
  return {
    'p99 of Check in ms, 200 pods a second change': quantile(busy.latencies, 0.99),
    '% of a core by the changes, watcher': more[0]!,
    '% of a core by the changes, decider': more[1] ?? 0,
    'ms until a change is in force, median': quantile(inForce, 0.5),
    'ms until a change is in force, p99': quantile(inForce, 0.99),
  };
}

/** From the writing of a change to the first Check that is decided by it. */
async function probes({ where }: Product, replay: Replay): Promise<readonly number[]> {
  using client = checkClient(where);
  const out: number[] = [];
  for (let i = 0; i < PROBES; i++) {
    const wanted = i % 2 === 0;
    const { atMs } = await replay.order(`/label?state=${wanted ? 'on' : 'off'}`);
    for (let asked = 0; ; asked++) {
      const outcome = await client.ask(probeRequest);
      if (outcome.code !== 0) throw new Error(`the probe was not answered: ${outcome.code}`);
      if ('reason' in outcome && (outcome.response.status?.code === 0) === wanted) break;
      if (asked > 20_000) throw new Error('a change did not come into force');
    }
    out.push(Date.now() - atMs);
    await delay(20 + Math.random() * 150);
  }
  return out.sort((a, b) => a - b);
}

const address = (host: string) => ({
  address: {
    address: { case: 'socketAddress', value: { address: host, portSpecifier: { case: 'portValue', value: 8080 } } },
  },
});
const probeRequest = {
  attributes: {
    source: address(probe.source),
    destination: {
      ...address(probe.destination),
      principal: `spiffe://cluster.local/ns/probe/sa/sa-${(PODS + 1) % 250}`,
    },
    request: { http: { method: 'GET', path: '/', host: 'target', protocol: 'HTTP/1.1' } },
  },
} as Parameters<ReturnType<typeof checkClient>['ask']>[0];

/** A pod without what nobody reads: files of 5 KB a pod are read for long. */
function brief({ metadata, spec, status, ...rest }: ReturnType<typeof pod>): object {
  const { managedFields: _, ...named } = metadata;
  const containers = spec.containers.map(({ name, image, ports }) => ({ name, image, ports }));
  const { phase, podIP, podIPs } = status;
  return { ...rest, metadata: named, spec: { ...spec, containers }, status: { phase, podIP, podIPs } };
}

/** The decider with the same documents out of files. */
async function fromFiles(): Promise<number> {
  const networks = Math.floor(POLICIES / 5);
  const policy = join(cache, 'kubernetes-policies.yaml');
  const documents = [
    ...Array.from({ length: POLICIES - networks }, (_, i) => authorizationPolicy(i, 1)),
    ...Array.from({ length: networks }, (_, i) => networkPolicy(i, 1, i === networks - 1)),
  ];
  const text = (some: readonly object[]): string => some.map((each) => JSON.stringify(each)).join('\n---\n');
  writeFileSync(policy, text(documents));
  const pods = text([
    ...Array.from({ length: PODS - 2 }, (_, i) => brief(pod(i, 1))),
    pod(PODS, 1, { name: 'source', namespace: 'probe', ip: probe.source, label: 'off' }),
    pod(PODS + 1, 1, { name: 'target', namespace: 'probe', ip: probe.destination }),
  ]);
  const parts = Array.from({ length: 8 }, (_, i) =>
    pods
      .split('\n---\n')
      .filter((_, at) => at % 8 === i)
      .join('\n---\n'),
  );
  const registry = Object.fromEntries(parts.map((part, i) => [`pods-${i}.yaml`, part]));
  const more = { policies: { paths: ['./policies'], planes: { l4: 'enforce' } } };
  const product = await startGatehouse('kubernetes-files', { ...nothing(), policy, registry, more });
  try {
    await delay(IDLE_MS);
    return residentMib(product.deciderPids);
  } finally {
    await product.stop();
  }
}

function nothing() {
  const policy = join(cache, 'no-policy.yaml');
  writeFileSync(policy, '');
  return { rules: 0, transport: 'lane', policy } as const;
}

async function startReplay(): Promise<Replay> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'bench/kubernetes/replay.ts')];
  const args = ['-c', clientCore, ...node, String(PODS), String(POLICIES)];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    order: async (path) => (await fetch(`${url}${path}`, { method: 'POST' })).json() as ReturnType<Replay['order']>,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** The section. */
export async function kubernetes({ rounds }: Settings): Promise<Section> {
  const all: Readonly<Record<string, number>>[] = [];
  for (let i = 0; i < rounds; i++)
    all.push(
      await alone(async () => {
        const figures = await measure();
        const fileMib = await fromFiles();
        const ratio = figures['MiB of the decider']! / fileMib;
        return { ...figures, 'MiB of the decider, from files': fileMib, 'decider: cluster / files': ratio };
      }),
    );
  return {
    name: 'kubernetes',
    title: 'A cluster that is watched',
    note: `The built program over watch streams that another process replays over plain HTTP on the other core: ${PODS} pods of 5 KB, ${POLICIES} policies (four fifths AuthorizationPolicies, one fifth NetworkPolicies, enforced). Then ${RATE} pods a second get another address, and one of them a label that decides; 200 Checks a second are asked meanwhile.`,
    head: ['figure', 'median (min–max)'],
    rows: Object.keys(all[0] ?? {}).map((name) => [name, shownSpread(spread(all.map((one) => one[name]!)), 2)]),
    raw: all,
  };
}
