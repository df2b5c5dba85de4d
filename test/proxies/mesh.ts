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

/** A proxy that serves. */
export interface RunningProxy {
  readonly name: string;
  readonly port: number;
}

export interface ProxyMesh extends AsyncDisposable {
  readonly dir: GatehouseDir;
  readonly gatehouse: RunningGatehouse;
  readonly upstream: number;
  identity(name: string): Promise<ClientIdentity>;
  /** Starts it with its printed configuration. */
  start(name: string): Promise<RunningProxy>;
  /** Starts the program that is named so, over the files of `proxy config`. */
  printed(proxy: string, port: number, ...more: readonly string[]): Promise<string>;
  /** An Envoy that asks by gRPC. */
  startReference(): Promise<RunningProxy>;
  run(command: string, args: readonly string[], cwd?: string): Child;
}

const accounts = ['details', 'productpage', 'reviews'];

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
  await gatehouseJson('svid', 'fetch', '--socket', `unix:${dir.at('details.sock')}`, '--write', dir.at('svid'));
  await writeFile(
    dir.at('svid/haproxy.pem'),
    (await readFile(dir.at('svid/svid.pem'), 'utf8')) + (await readFile(dir.at('svid/key.pem'), 'utf8')),
  );
  const run: ProxyMesh['run'] = (command, args, cwd) => stack.use(startChild(command, args, process.env, cwd));
  const printed: ProxyMesh['printed'] = async (proxy, port, ...more) => {
    const into = dir.at(proxy);
    await gatehouseJson(
      ...['proxy', 'config', proxy, '--workload', 'default/details', '--listen', `127.0.0.1:${port}`],
      ...['--upstream', `127.0.0.1:${app.port}`, '--gatehouse', gatehouse.ready.httpAuth!],
      ...['--certificates', proxy === 'envoy' ? dir.at('details.sock') : dir.at('svid'), '--config', dir.config],
      ...['--write', into, ...more],
    );
    return into;
  };
  const envoyOn = async (name: string, yaml: string): Promise<RunningProxy> => {
    const envoy: RunningEnvoy = stack.use(
      await runEnvoy({
        bootstrap: withAnyCaller(yaml, dir.at('svid/bundle.pem')),
        directory: dir.path,
        name,
        timeoutMs: 120_000,
      }),
    );
    return { name, port: await envoy.port('inbound') };
  };
  const starters: Readonly<Record<string, (port: number) => Promise<RunningProxy>>> = {
    async nginx(port) {
      const into = await printed('nginx', port);
      const main = `daemon off; master_process off; pid ${into}/pid; error_log stderr;\nevents {}\nhttp { access_log off; client_body_temp_path ${into}; proxy_temp_path ${into}; fastcgi_temp_path ${into}; uwsgi_temp_path ${into}; scgi_temp_path ${into}; include gatehouse.conf; }\n`;
      await writeFile(`${into}/nginx.conf`, main);
      return listening('nginx', port, run('nginx', ['-p', into, '-c', `${into}/nginx.conf`]));
    },
    async caddy(port) {
      const into = await printed('caddy', port);
      const file = `${into}/Caddyfile`;
      await writeFile(file, (await readFile(file, 'utf8')).replace('auto_https off', 'auto_https off\n  admin off'));
      return listening('caddy', port, run('caddy', ['run', '--adapter', 'caddyfile', '--config', file], into));
    },
    async haproxy(port) {
      const into = await printed('haproxy', port);
      return listening('haproxy', port, run('haproxy', ['-db', '-f', 'haproxy.cfg'], into));
    },
    async envoy(port) {
      const version = ['--proxy-version', '1.40.0'];
      const into = await printed('envoy', port, ...version);
      return envoyOn('envoy', await readFile(`${into}/envoy.yaml`, 'utf8'));
    },
  };
  return {
    ...{ dir, gatehouse, upstream: app.port, run, printed },
    identity: (name) => svidOf(dir.at(`${name}.sock`)),
    start: async (name) => starters[name]!(await freePort()),
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
