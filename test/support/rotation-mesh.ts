/**
 * Pairs of sidecars that call each other without a pause, while their authorities are rotated under them.
 *
 * Each pair is an application, its Envoy, and a client's Envoy, with identities by SDS and a Check for every request. Odd pairs
 * speak HTTP/1.1 between their sidecars, even ones HTTP/2.
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse, stringify } from 'yaml';
import { envoyConfig } from '../../src/cli/proxy/envoy.ts';
import { type RunningEnvoy, runEnvoy } from './run-envoy.ts';
import { type RunningGatehouse, runGatehouse } from './run-gatehouse.ts';
import { sidecarBootstrap } from './sidecar-bootstrap.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

export interface RotationMeshOptions {
  readonly pairs: number;
  /** Of X.509-SVIDs, e.g. `8s`. */
  readonly svidTtl: string;
  /** Connections between sidecars begin anew this often, e.g. `2s`: so that certificates are really shown. */
  readonly connectionLife: string;
  /** `extAuthz` of the configuration. */
  readonly extAuthz?: object;
  /** How the Envoy before an application asks, by pair: as `envoy bootstrap` prints it, by HTTP, or by a filter as `envoy istio` names it. */
  readonly asking?: Readonly<Record<number, 'http' | 'istio'>>;
  /** Workloads without a sidecar: each has a socket of its own. */
  readonly others?: readonly string[];
}

export interface Pair {
  /** SPIFFE IDs. */
  readonly caller: string;
  readonly callee: string;
  /** The client's own side of its sidecar, on loopback. */
  readonly port: number;
  /** The mTLS listener before the application. */
  readonly serverPort: number;
}

export interface RotationMesh extends AsyncDisposable {
  readonly gatehouse: RunningGatehouse;
  readonly pairs: readonly Pair[];
  /** `unix:…` of a workload's own socket. */
  socketOf(name: string): string;
  readonly envoys: readonly RunningEnvoy[];
}

export const idOf = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

const POLICY = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: mesh, namespace: default }
spec:
  action: ALLOW
  rules:
  - from: [{ source: { principals: ["cluster.local/ns/default/sa/*"] } }]
    to: [{ operation: { methods: [GET, POST] } }]
`;

/** Starts all of it. */
export async function startRotationMesh(options: RotationMeshOptions): Promise<RotationMesh> {
  const { pairs: count, svidTtl, connectionLife, extAuthz = {}, others = [], asking = {} } = options;
  await using stack = new AsyncDisposableStack();
  const directory: TempDir = stack.use(await tempDir('rot-'));
  await mkdir(directory.at('policies'));
  await mkdir(directory.at('run'));
  await writeFile(directory.at('policies/mesh.yaml'), POLICY);
  const numbers = Array.from({ length: count }, (_, i) => i);
  const names = [...numbers.flatMap((i) => [`caller-${i}`, `callee-${i}`]), ...others];
  const socketOf = (name: string): string => `unix:${directory.at(`run/${name}.sock`)}`;
  const config = {
    trustDomain: 'cluster.local',
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', httpAuth: '127.0.0.1:0' },
    authority: { x509SvidTtl: svidTtl },
    extAuthz,
    log: { level: 'warn' },
    workloads: names.map((name) => ({
      namespace: 'default',
      serviceAccount: name,
      labels: { app: name },
      socket: { path: `./run/${name}.sock` },
    })),
  };
  await writeFile(directory.at('gatehouse.yaml'), stringify(config));
  const gatehouse = stack.use(await runGatehouse(directory.at('gatehouse.yaml')));
  const envoys: RunningEnvoy[] = [];
  const sidecar = async (name: string, edit: (yaml: string) => string, ...flags: string[]): Promise<RunningEnvoy> => {
    const yaml = await sidecarBootstrap(
      ...['--workload', `default/${name}`, '--sds', socketOf(name), '--ext-authz', gatehouse.ready.extAuthz],
      ...['--admin', '127.0.0.1:0', '--access-log', directory.at(`${name}.access.log`), ...flags],
    );
    const envoy = stack.use(
      await runEnvoy({ bootstrap: edit(yaml), directory: directory.path, name, timeoutMs: 120_000 }),
    );
    envoys.push(envoy);
    return envoy;
  };
  const pairs: Pair[] = [];
  for (const i of numbers) {
    const app = await startApp(stack);
    const callee = `callee-${i}`;
    const server = await sidecar(
      callee,
      (yaml) => {
        if (asking[i] === 'http') return askingByHttp(callee, app, gatehouse.ready.httpAuth!, socketOf(callee));
        return asking[i] === 'istio'
          ? yaml.replace('name: envoy.filters.http.ext_authz', 'name: gatehouse.ext_authz')
          : yaml;
      },
      ...['--label', `app=${callee}`, '--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${app}`],
      ...['--max-connection-duration', connectionLife],
    );
    const serverPort = await server.port('inbound');
    const outbound = `127.0.0.1:0=127.0.0.1:${serverPort}=default/callee-${i}`;
    const client = await sidecar(`caller-${i}`, i % 2 === 1 ? onlyHttp1 : (yaml) => yaml, '--outbound', outbound);
    pairs.push({
      caller: idOf(`caller-${i}`),
      callee: idOf(`callee-${i}`),
      port: await client.port('outbound_0'),
      serverPort,
    });
  }
  const all = stack.move();
  return { gatehouse, pairs, socketOf, envoys, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** What `proxy config envoy` prints. */
function askingByHttp(serviceAccount: string, app: number, httpAuth: string, socket: string): string {
  const [host = '', port] = httpAuth.split(':');
  const { files } = envoyConfig({
    ...{ version: [1, 40, 0], namespace: 'default', serviceAccount, trustDomain: 'cluster.local' },
    ...{ listen: { host: '127.0.0.1', port: 0 }, upstream: { host: '127.0.0.1', port: app } },
    ...{ gatehouse: { host, port: Number(port) }, certificates: socket.replace('unix:', '') },
    ...{ headersRead: [], headersWritten: [] },
  });
  return files[0]!.text.replace('port_value: 9901', 'port_value: 0');
}

/** Takes HTTP/2 away from a client's sidecar: what it speaks, and what it offers. */
function onlyHttp1(yaml: string): string {
  const document = parse(yaml) as unknown;
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const found = value as Record<string, unknown>; // whatever YAML holds
    if ('auto_config' in found) {
      delete found['auto_config'];
      found['explicit_http_config'] = { http_protocol_options: {} };
    }
    if (Array.isArray(found['alpn_protocols'])) found['alpn_protocols'] = ['http/1.1'];
    for (const each of Object.values(found)) walk(each);
  };
  walk(document);
  return stringify(document, { aliasDuplicateObjects: false });
}

/** Answers requests; `/stream` says a line ten times a second for as long as anybody listens. */
async function startApp(stack: AsyncDisposableStack): Promise<number> {
  const server: Server = createServer((request, response) => {
    if (request.url !== '/stream') {
      response.end('ok');
      return;
    }
    const saying = setInterval(() => response.write('still here\n'), 100);
    response.write('begun\n');
    response.on('close', () => clearInterval(saying));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port; // it listens on TCP
}
