/**
 * An API server that replays watch streams which were made before: prints its port, and takes orders by HTTP.
 *
 *     node bench/kubernetes/replay.ts PODS POLICIES
 *
 * `POST /label?state=on` gives the probe another label; `POST /churn?rate=200` changes so many pods a second, in one stroke every 50 ms; 0 ends it.
 * @module
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorizationPolicy, networkPolicy, pod, probe } from './objects.ts';

const [PODS, POLICIES] = process.argv.slice(2).map(Number) as [number, number];
let version = 1_000_000;

const line = (type: string, object: object): Buffer => Buffer.from(`${JSON.stringify({ type, object })}\n`);
const bookmark = (): Buffer =>
  line('BOOKMARK', {
    metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } },
  });

const networks = Math.floor(POLICIES / 5);
const streams = new Map<string, readonly Buffer[]>([
  [
    '/api/v1/pods',
    [
      ...Array.from({ length: PODS - 2 }, (_, i) => line('ADDED', pod(i, i + 1))),
      line('ADDED', probeSource('off')),
      line('ADDED', pod(PODS + 1, version, { name: 'target', namespace: 'probe', ip: probe.destination })),
    ],
  ],
  [
    '/apis/security.istio.io/v1/authorizationpolicies',
    Array.from({ length: POLICIES - networks }, (_, i) => line('ADDED', authorizationPolicy(i, i + 1))),
  ],
  [
    '/apis/networking.k8s.io/v1/networkpolicies',
    Array.from({ length: networks }, (_, i) => line('ADDED', networkPolicy(i, i + 1, i === networks - 1))),
  ],
  ['/api/v1/namespaces', []],
  ['/api/v1/serviceaccounts', []],
  ['/api/v1/services', []],
]);

function probeSource(state: string) {
  return pod(PODS, ++version, { name: 'source', namespace: 'probe', ip: probe.source, label: state });
}

const resources = new Map<string, readonly (readonly [plural: string, kind: string])[]>([
  ['/api/v1', [['pods', 'Pod'], ['namespaces', 'Namespace'], ['serviceaccounts', 'ServiceAccount'], ['services', 'Service']]],
  ['/apis/security.istio.io/v1', [['authorizationpolicies', 'AuthorizationPolicy']]],
  ['/apis/networking.k8s.io/v1', [['networkpolicies', 'NetworkPolicy']]],
]); // biome-ignore format: a table

const open = new Map<string, Set<ServerResponse>>();
/** When the last stream was written, in milliseconds since 1970. */
let writtenAtMs = 0;
let churn: NodeJS.Timeout | undefined;
let next = 0;

function tellPods(...objects: readonly object[]): void {
  const lines = Buffer.concat(objects.map((object) => line('MODIFIED', object)));
  for (const response of open.get('/api/v1/pods') ?? []) response.write(lines);
}

async function watch(path: string, isStart: boolean, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  if (isStart) {
    for (const each of streams.get(path)!)
      if (!response.write(each)) await new Promise((resolve) => response.once('drain', resolve));
    response.write(bookmark(), () => {
      writtenAtMs = Date.now();
    });
  }
  if (!open.has(path)) open.set(path, new Set());
  open.get(path)!.add(response);
  response.once('close', () => open.get(path)!.delete(response));
}

function order(url: URL): object {
  if (url.pathname === '/label') tellPods(probeSource(url.searchParams.get('state') ?? ''));
  if (url.pathname === '/churn') {
    clearInterval(churn);
    const atOnce = Number(url.searchParams.get('rate')) / 20;
    if (atOnce > 0)
      churn = setInterval(() => {
        const changed = Array.from({ length: atOnce }, () => {
          next += 7919;
          const at = next % (PODS - 2);
          return pod(at, ++version, { ip: `10.${64 + (next % 64)}.${(next >> 6) & 255}.${at & 255}` });
        });
        tellPods(...changed);
      }, 50);
  }
  return { atMs: Date.now(), writtenAtMs };
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://replay');
  const json = (body: object): void => void response.end(JSON.stringify(body));
  const listed = resources.get(url.pathname);
  if (request.method === 'POST') json(order(url));
  else if (url.pathname === '/apis')
    json({
      groups: ['security.istio.io', 'networking.k8s.io'].map((name) => ({ name, versions: [{ version: 'v1' }] })),
    });
  else if (listed !== undefined)
    json({ resources: listed.map(([name, kind]) => ({ name, kind, namespaced: true, verbs: ['list', 'watch'] })) });
  else if (streams.has(url.pathname)) void watch(url.pathname, url.searchParams.has('sendInitialEvents'), response);
  else response.writeHead(404).end('{}');
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
