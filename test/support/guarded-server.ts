/**
 * A real Gatehouse, and one application behind a real Envoy that asks it: the server side of the bookinfo slice.
 * @module
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { eventually } from './eventually.ts';
import { type RunningEnvoy, runEnvoy } from './run-envoy.ts';
import { type RunningGatehouse, runGatehouse } from './run-gatehouse.ts';
import { sidecarBootstrap } from './sidecar-bootstrap.ts';
import { type ClientIdentity, svidOf } from './svid-of.ts';
import { tempDir } from './temp-dir.ts';

export interface GuardedServerOptions {
  /** Policy files: name to YAML. */
  readonly policies: Readonly<Record<string, string>>;
  /** Those of the candidate, in `candidate` beside `policies`; none: there is no such folder. */
  readonly candidate?: Readonly<Record<string, string>>;
  /** Port of the application on loopback. */
  readonly upstreamPort: number;
  /** More flags of `gatehouse envoy bootstrap`. */
  readonly flags?: readonly string[];
  /** More keys of `gatehouse.yaml`. */
  readonly config?: object;
  /** Checks over mTLS, though on loopback. */
  readonly extAuthzTls?: boolean;
  /** Changes the bootstrap before Envoy gets it. */
  readonly edit?: (bootstrap: string) => string;
}

export interface GuardedServer extends AsyncDisposable {
  /** Port of the listener that asks. */
  readonly port: number;
  readonly directory: string;
  readonly envoy: RunningEnvoy;
  gatehouse(): RunningGatehouse;
  startGatehouse(): Promise<void>;
  /** Fetches an SVID of `productpage`, `reviews` or `details` by the command line. */
  identity(account: Account): Promise<ClientIdentity>;
  /** Waits for a line of the access log. */
  logged(wanted: (line: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>>;
}

export type Account = 'details' | 'productpage' | 'reviews';
const accounts: readonly Account[] = ['details', 'productpage', 'reviews'];

/** Starts both; service accounts are named as in the essay (`bookinfo-details`), the namespace is `default`. */
export async function startGuardedServer(options: GuardedServerOptions): Promise<GuardedServer> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await tempDir());
  await mkdir(directory.at('policies'));
  await mkdir(directory.at('run'));
  if (options.candidate !== undefined) await mkdir(directory.at('candidate'));
  for (const [folder, files] of Object.entries({ policies: options.policies, candidate: options.candidate ?? {} }))
    for (const [name, yaml] of Object.entries(files)) await writeFile(join(directory.at(folder), name), yaml);
  const configFile = directory.at('gatehouse.yaml');
  const configure = (extAuthz: string) =>
    writeFile(
      configFile,
      stringify(configOf({ address: extAuthz, tls: options.extAuthzTls === true }, options.config)),
    );
  await configure('127.0.0.1:0');
  let gatehouse = await runGatehouse(configFile);
  stack.defer(() => gatehouse[Symbol.asyncDispose]());
  await configure(gatehouse.ready.extAuthz);

  const accessLog = directory.at('access.log');
  const yaml = await sidecarBootstrap(
    ...['--workload', 'default/bookinfo-details', '--label', 'app=details', '--listen', '127.0.0.1:0'],
    ...['--upstream', `127.0.0.1:${options.upstreamPort}`, '--ext-authz', gatehouse.ready.extAuthz],
    ...['--sds', `unix:${directory.at('run/details.sock')}`, '--admin', '127.0.0.1:0', '--access-log', accessLog],
    ...(options.extAuthzTls === true ? ['--ext-authz-tls'] : []),
    ...(options.flags ?? []),
  );
  const bootstrap = options.edit?.(yaml) ?? yaml;
  const envoy = stack.use(await runEnvoy({ bootstrap, directory: directory.path, timeoutMs: 120_000 }));
  const port = await envoy.port('inbound');
  const all = stack.move();
  return {
    port,
    directory: directory.path,
    envoy,
    gatehouse: () => gatehouse,
    startGatehouse: async () => {
      gatehouse = await runGatehouse(configFile);
    },
    identity: (account) => svidOf(directory.at(`run/${account}.sock`)),
    logged: (wanted) => eventually('the access log has the line', async () => (await linesOf(accessLog)).find(wanted)),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function linesOf(file: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await readFile(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>); // Envoy's json_format
}

function configOf(extAuthz: object, more: object = {}): object {
  return {
    trustDomain: 'cluster.local',
    listen: { extAuthz, health: '127.0.0.1:0' },
    workloads: accounts.map((account) => ({
      namespace: 'default',
      serviceAccount: `bookinfo-${account}`,
      labels: { app: account },
      socket: { path: `./run/${account}.sock` },
    })),
    ...more,
  };
}
