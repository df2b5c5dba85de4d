/**
 * A Gatehouse, an application, and real proxies before it, each with the configuration that `gatehouse proxy config` prints for it.
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { type Child, startChild } from '../support/child.ts';
import { startHttpEcho } from '../support/echo-app.ts';
import { eventually, GiveUp } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type GatehouseDir, gatehouseDir } from '../support/gatehouse-dir.ts';
import { type RunningEnvoy, runEnvoy } from '../support/run-envoy.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { sidecarBootstrap } from '../support/sidecar-bootstrap.ts';
import { type ClientIdentity, svidOf } from '../support/svid-of.ts';
import { isPortOpen } from './port-open.ts';
import type { ProxyProgram } from './programs.ts';
import { type RunningProxy, startersWith } from './starters.ts';

export interface ProxyMesh extends AsyncDisposable {
  readonly dir: GatehouseDir;
  readonly gatehouse: RunningGatehouse;
  identity(name: string): Promise<ClientIdentity>;
  /** Starts it with its printed configuration, before a workload. */
  start(program: ProxyProgram, workload: string): Promise<RunningProxy>;
  /** An Envoy that asks by gRPC, before `details`. */
  startReference(): Promise<RunningProxy>;
}

/** `ratings` is like `details`, but for the policies that select either. */
const accounts = ['details', 'productpage', 'ratings', 'reviews'];

/** Starts Gatehouse and the application. */
export async function startProxyMesh(policies: Readonly<Record<string, string>>): Promise<ProxyMesh> {
  const stack = new AsyncDisposableStack();
  const dir = stack.use(await gatehouseDir());
  for (const [name, text] of Object.entries(policies)) await dir.policy(name, text);
  await dir.configure({
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', httpAuth: '127.0.0.1:0' },
    // what the proxies refuse by is what an Envoy is held to as well
    extAuthz: { verifyPeer: 'enforce', ambiguousRequests: 'deny' },
    workloads: accounts.map((name) => ({
      ...{ namespace: 'default', serviceAccount: name, labels: { app: name } },
      socket: { path: dir.at(`${name}.sock`) },
    })),
  });
  const app = stack.use(await startHttpEcho());
  const gatehouse = stack.use(await runGatehouse(dir.config));
  for (const name of ['details', 'ratings']) await fetchSvid(dir, name);
  const run = (command: string, args: readonly string[], cwd?: string): Child =>
    stack.use(startChild(command, args, process.env, cwd));
  const envoyOn = async (name: string, yaml: string): Promise<RunningProxy> => {
    const envoy: RunningEnvoy = stack.use(
      await runEnvoy({
        bootstrap: withAnyCaller(yaml, dir.at('details/bundle.pem')),
        directory: dir.path,
        name,
        timeoutMs: 120_000,
      }),
    );
    return { name, port: await envoy.port('inbound') };
  };
  const starters = startersWith(run, (yaml) => envoyOn('envoy', yaml));
  return {
    ...{ dir, gatehouse },
    identity: (name) => svidOf(dir.at(`${name}.sock`)),
    async start({ name, proxy, path }, workload) {
      const [program, port, into] = [await path(), await freePort(), dir.at(`${name}-${workload}`.replace(' ', '-'))];
      await gatehouseJson(
        ...['proxy', 'config', proxy, '--workload', `default/${workload}`, '--listen', `127.0.0.1:${port}`],
        ...['--upstream', `127.0.0.1:${app.port}`, '--gatehouse', gatehouse.ready.httpAuth!],
        ...['--certificates', dir.at(proxy === 'envoy' ? `${workload}.sock` : workload), '--config', dir.config],
        ...['--write', into, '--proxy-program', program],
      );
      const started = await starters[proxy](program, into);
      return 'ended' in started ? listening(name, port, started) : { ...started, name };
    },
    async startReference() {
      const yaml = await sidecarBootstrap(
        ...['--workload', 'default/details', '--label', 'app=details', '--listen', '127.0.0.1:0'],
        ...['--upstream', `127.0.0.1:${app.port}`, '--ext-authz', gatehouse.ready.extAuthz],
        ...['--sds', `unix:${dir.at('details.sock')}`, '--admin', '127.0.0.1:0'],
      );
      return envoyOn('reference', yaml);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Has what `svid watch` leaves there, and what its command makes of it for HAProxy. */
async function fetchSvid(dir: GatehouseDir, name: string): Promise<void> {
  await gatehouseJson('svid', 'fetch', '--socket', `unix:${dir.at(`${name}.sock`)}`, '--write', dir.at(name));
  const [svid, key] = [await readFile(dir.at(`${name}/svid.pem`)), await readFile(dir.at(`${name}/key.pem`))];
  await writeFile(dir.at(`${name}/haproxy.pem`), Buffer.concat([svid, key]));
}

async function listening(name: string, port: number, child: Child): Promise<RunningProxy> {
  let ended: number | string | undefined;
  void child.ended.then((how) => {
    ended = how;
  });
  await eventually(`${name} listens`, async () => {
    if (ended !== undefined) throw new GiveUp(`${name} ended (${ended})\n${child.stdout()}${child.stderr()}`);
    return (await isPortOpen(port)) || undefined;
  });
  return { name, port };
}

/**
 * Lets callers without a certificate in too, which the SPIFFE validator of Envoy never does: what they get is asked about.
 *
 * @param bundle  a file
 */
function withAnyCaller(yaml: string, bundle: string): string {
  const bootstrap = parse(yaml) as Bootstrap; // as it was printed
  bootstrap.admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  for (const { transport_socket } of bootstrap.static_resources.listeners.flatMap((each) => each.filter_chains)) {
    if (transport_socket === undefined) continue;
    const tls = transport_socket.typed_config;
    tls['require_client_certificate'] = false;
    const { common_tls_context: common } = tls as { common_tls_context: Record<string, unknown> };
    for (const key of Object.keys(common)) if (key.includes('validation_context')) delete common[key];
    common['validation_context'] = { trusted_ca: { filename: bundle } };
  }
  return stringify(bootstrap, { aliasDuplicateObjects: false });
}

interface Bootstrap {
  admin?: unknown;
  readonly static_resources: {
    readonly listeners: readonly {
      readonly filter_chains: readonly {
        readonly transport_socket?: { readonly typed_config: Record<string, unknown> };
      }[];
    }[];
  };
}
