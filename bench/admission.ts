/**
 * How long a cluster waits for the admission webhook, by what changes: `npm run bench -- --only admission`.
 * @module
 */
import { once } from 'node:events';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { type RunningGatehouse, runGatehouse } from '../test/support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../test/support/temp-dir.ts';
import { callersYaml, networkPoliciesYaml, podsYaml } from './growth/worlds.ts';
import { type Section, shown } from './lib/figures.ts';
import { root } from './lib/paths.ts';
import { cpuSeconds } from './lib/processes.ts';
import { alone } from './lib/quiet.ts';

const POLICIES_OF_A_KIND = 2_500;
const PODS = 10_000;
const QUESTIONS = 1_000;

interface Change {
  readonly name: string;
  object(i: number): ClusterObject;
}

interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const app = (i: number) => ({ matchLabels: { app: `app-${i % 250}` } });
const rules = (i: number) => [{ to: [{ operation: { methods: ['GET'], paths: [`/changed/${i}/*`] } }] }];

const changes: readonly Change[] = [
  {
    name: 'an AuthorizationPolicy of a namespace',
    object: (i) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `changed-${i}`, namespace: `team-${i % 40}` },
      spec: { selector: app(i), rules: rules(i) },
    }),
  },
  {
    name: 'a NetworkPolicy of a namespace',
    object: (i) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `changed-${i}`, namespace: `team-${i % 40}` },
      spec: { podSelector: app(i), policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: app(i + 1) }] }] },
    }),
  },
  {
    name: 'an AuthorizationPolicy of the whole mesh',
    object: (i) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `changed-${i}`, namespace: 'istio-system' },
      spec: { selector: app(i), action: 'DENY', rules: rules(i) },
    }),
  },
  {
    name: 'a GlobalNetworkPolicy',
    object: (i) => ({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: `default.changed-${i}` },
      spec: {
        order: i,
        selector: `app == 'app-${i % 250}'`,
        ingress: [{ action: 'Deny', source: { nets: ['10.0.0.0/8'] } }],
      },
    }),
  },
];

/** Measures each kind of change in turn, with everything at rest and with an edited file a second. */
export async function admission(): Promise<Section> {
  await using dir = await tempDir('bench-');
  await using server = await start(dir);
  const rows: string[][] = [];
  const raw: unknown[] = [];
  for (const { name, object } of changes)
    for (const isEdited of [false, true]) {
      const before = cpuSeconds([server.pid]);
      const took = await alone(() => timesOf(server, object, isEdited ? dir : undefined));
      const cpuMs = ((cpuSeconds([server.pid]) - before) * 1_000) / QUESTIONS;
      const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))]!;
      raw.push({ name, isEdited, median: at(0.5), p99: at(0.99), most: at(1), cpuMs });
      rows.push([
        `${name}${isEdited ? ', while a file is edited every second' : ''}`,
        ...[0.5, 0.99, 1].map((share) => shown(at(share), 1)),
        isEdited ? '' : shown(cpuMs, 2),
      ]);
    }
  return {
    name: 'admission',
    title: 'How long a cluster waits for the admission webhook',
    note: `${QUESTIONS} questions one after another over one connection, beside ${2 * POLICIES_OF_A_KIND} policies in 40 namespaces and ${PODS} pods; milliseconds, TLS included.`,
    head: ['a change of', 'median', '99 of 100', 'longest', 'CPU of the primary'],
    rows,
    raw,
  };
}

async function start(dir: TempDir): Promise<RunningGatehouse> {
  await mkdir(dir.at('policies'));
  await mkdir(dir.at('pods'));
  await writeFile(dir.at('policies/callers.yaml'), callersYaml(POLICIES_OF_A_KIND));
  await writeFile(dir.at('policies/network.yaml'), networkPoliciesYaml(POLICIES_OF_A_KIND));
  await writeFile(dir.at('pods/pods.yaml'), podsYaml(PODS));
  await writeFile(
    dir.at('gatehouse.yaml'),
    `trustDomain: cluster.local
listen: { extAuthz: "127.0.0.1:0", health: "127.0.0.1:0", admission: "127.0.0.1:0" }
policies: { paths: [policies] }
registry: { paths: [pods] }
admission: { check: enforce, service: gatehouse.gatehouse-system }
log: { level: warn }
`,
  );
  return runGatehouse(dir.at('gatehouse.yaml'), join(root, 'dist/main.js'));
}

/** Milliseconds of each question, sorted. @param edited  where a file is edited meanwhile */
async function timesOf(
  server: RunningGatehouse,
  object: Change['object'],
  edited: TempDir | undefined,
): Promise<number[]> {
  const [host, port] = server.ready.admission!.split(':'); // configured above
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  let edit = 0;
  const editing = edited && setInterval(() => void write(edited, ++edit), 1_000);
  const took: number[] = [];
  try {
    for (let i = 0; i < QUESTIONS; i++) {
      const body = reviewOf(object(i));
      const startedAt = performance.now();
      const sent = request({
        host,
        port,
        agent,
        method: 'POST',
        path: '/validate?timeout=10s',
        headers: { 'content-type': 'application/json' },
      });
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode?: number }]; // of node:http
      await once(response.resume(), 'end');
      if (response.statusCode !== 200) throw new Error(`the webhook answers ${response.statusCode}`);
      took.push(performance.now() - startedAt);
      if (edited) await new Promise((resolve) => setTimeout(resolve, 5)); // so that edits come between them
    }
  } finally {
    clearInterval(editing);
    agent.destroy();
  }
  return took.sort((a, b) => a - b);
}

async function write(dir: TempDir, edit: number): Promise<void> {
  await writeFile(dir.at('new'), networkPoliciesYaml(POLICIES_OF_A_KIND, edit));
  await rename(dir.at('new'), dir.at('policies/network.yaml'));
}

const reviewOf = (object: ClusterObject): string => {
  const [group = '', version = ''] = object.apiVersion.split('/');
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      ...{
        uid: 'u',
        operation: 'CREATE',
        userInfo: { username: 'bench' },
        kind: { group, version, kind: object.kind },
      },
      ...{ namespace: object.metadata.namespace ?? '', name: object.metadata.name, object },
    },
  });
};
