/**
 * The bookinfo slice: `productpage` and `reviews` call `details`, each application behind an Envoy of its own, each Envoy
 * with an identity from Gatehouse over a unix socket of its own.
 * @module
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type DevTrustDomain, ensureDevTrustDomain } from '../../scripts/dev-trust-domain.ts';
import { type Child, startChild } from '../../test/support/child.ts';
import { type RunningEnvoy, runEnvoy } from '../../test/support/run-envoy.ts';
import { projectRoot, type RunningGatehouse, runGatehouse } from '../../test/support/run-gatehouse.ts';
import { sidecarBootstrap } from '../../test/support/sidecar-bootstrap.ts';

export const applications = ['details', 'productpage', 'reviews'] as const;
export type Application = (typeof applications)[number];

/** About half of it passes before a renewal, so that the demo sees one. */
const SVID_TTL = '20s';

/** Connections begin anew this often, so that new certificates are really shown. */
const CONNECTION_LIFE = '2s';

export interface Mesh extends AsyncDisposable {
  readonly directory: string;
  readonly configFile: string;
  /** The running Gatehouse; replaced by `startGatehouse`. */
  gatehouse(): RunningGatehouse;
  startGatehouse(): Promise<void>;
  envoy(application: Application): RunningEnvoy;
  /** Port of a client application itself: what it is asked, it asks of details, through both sidecars. */
  appPort(application: Application): number;
  /** Port of the mTLS listener in front of details. */
  readonly detailsPort: number;
  readonly detailsLog: string;
}

/** Starts everything in `directory`; `say` tells how far it is. What it started ends with it, also if it fails half-way. */
export async function startMesh(directory: string, say: (text: string) => void): Promise<Mesh> {
  await using stack = new AsyncDisposableStack();
  await cp(join(projectRoot, 'deploy/policies'), join(directory, 'policies'), { recursive: true });
  await mkdir(join(directory, 'run'));
  const configFile = join(directory, 'gatehouse.yaml');
  const upstream = await ensureDevTrustDomain();
  await writeFile(configFile, stringify(gatehouseConfig('127.0.0.1:0', upstream)));

  say('starting Gatehouse …');
  let gatehouse = await runGatehouse(configFile);
  stack.defer(() => gatehouse[Symbol.asyncDispose]());
  const { extAuthz } = gatehouse.ready;
  // the port stays the same over a restart, because the sidecars know it
  await writeFile(configFile, stringify(gatehouseConfig(extAuthz, upstream)));

  const ports = new Map<Application, number>();
  const envoys = new Map<Application, RunningEnvoy>();
  const startSidecar = async (application: Application, ...args: readonly string[]): Promise<RunningEnvoy> => {
    say(`starting the sidecar of ${application} …`);
    const bootstrap = await bootstrapOf(directory, application, extAuthz, args);
    const envoy = stack.use(await runEnvoy({ bootstrap, directory, name: application, timeoutMs: 30_000 }));
    envoys.set(application, envoy);
    return envoy;
  };

  ports.set('details', await startApp(stack, 'details'));
  const server = [
    '--listen',
    '127.0.0.1:0',
    '--upstream',
    `127.0.0.1:${ports.get('details')}`,
    '--label',
    'app=details',
    '--max-connection-duration',
    CONNECTION_LIFE,
  ];
  const detailsPort = await (await startSidecar('details', ...server)).port('inbound');
  for (const client of ['productpage', 'reviews'] as const) {
    const outbound = `127.0.0.1:0=127.0.0.1:${detailsPort}=default/bookinfo-details`;
    const envoy = await startSidecar(client, '--outbound', outbound);
    ports.set(client, await startApp(stack, client, String(await envoy.port('outbound_0'))));
  }

  const all = stack.move();
  return {
    directory,
    configFile,
    gatehouse: () => gatehouse,
    startGatehouse: async () => {
      gatehouse = await runGatehouse(configFile);
    },
    envoy: (application) => envoys.get(application)!,
    appPort: (application) => ports.get(application)!,
    detailsPort,
    detailsLog: accessLog(directory, 'details'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const accessLog = (directory: string, application: Application): string => join(directory, `${application}.access.log`);

async function startApp(stack: AsyncDisposableStack, name: Application, ...args: string[]): Promise<number> {
  const app: Child = stack.use(startChild(process.execPath, [join(import.meta.dirname, 'app.ts'), name, ...args]));
  return new Promise((resolve, reject) => {
    app.onLine((line) => resolve(Number(line)));
    void app.ended.then((how) => reject(new Error(`application ${name} ended (${how})\n${app.stderr()}`)));
  });
}

function bootstrapOf(
  directory: string,
  application: Application,
  extAuthz: string,
  args: readonly string[],
): Promise<string> {
  const sds = `unix:${directory}/run/${application}.sock`;
  const identity = ['--workload', `default/bookinfo-${application}`, '--sds', sds, '--ext-authz', extAuthz];
  const pages = ['--admin', '127.0.0.1:0', '--access-log', accessLog(directory, application)];
  return sidecarBootstrap(...identity, ...pages, ...args);
}

/** All of the demo may run as one user, so each sidecar has a socket of its own instead of a user of its own. */
function gatehouseConfig(extAuthz: string, upstream: DevTrustDomain): object {
  return {
    trustDomain: 'cluster.local',
    listen: { extAuthz, health: '127.0.0.1:0' },
    authority: { x509SvidTtl: SVID_TTL, upstream },
    workloads: applications.map((application) => ({
      namespace: 'default',
      serviceAccount: `bookinfo-${application}`,
      labels: { app: application },
      socket: { path: `./run/${application}.sock` },
    })),
  };
}
