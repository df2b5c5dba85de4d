/**
 * Two applications, each behind a real Envoy of its own with the bootstrap that we print, and one Gatehouse that both ask.
 * @module
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { eventually } from './eventually.ts';
import { type RunningEnvoy, runEnvoy } from './run-envoy.ts';
import { runGatehouse } from './run-gatehouse.ts';
import { sidecarBootstrap } from './sidecar-bootstrap.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

export interface SidecarPairOptions {
  /** Policy files: name to YAML. */
  readonly policies: Readonly<Record<string, string>>;
  /** Port of the application of each on loopback. */
  readonly upstreamPorts: Readonly<Record<PairAccount, number>>;
  /** The program that serves; absent: the sources. */
  readonly program?: string;
  /** More flags of `gatehouse envoy bootstrap`, for each. */
  readonly flags?: readonly string[];
}

export type PairAccount = 'productpage' | 'details';

export interface PairSide {
  readonly envoy: RunningEnvoy;
  /** What the application of this side connects to, to reach the other side's. */
  readonly outboundPort: number;
  /** Waits for a line of the access log. */
  logged(wanted: (line: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>>;
}

export type SidecarPair = AsyncDisposable &
  Readonly<Record<PairAccount, PairSide>> & {
    readonly config: string;
    readonly admin: string;
    readonly extAuthz: string;
    /** Where a policy file lies, by its name. */
    policyFile(name: string): string;
  };

/** Starts everything; the namespace is `default`, each workload has the label `app` with its name. */
export async function startSidecarPair(options: SidecarPairOptions): Promise<SidecarPair> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await tempDir());
  await Promise.all(['policies', 'run'].map((name) => mkdir(directory.at(name))));
  for (const [name, yaml] of Object.entries(options.policies)) await writeFile(directory.at(`policies/${name}`), yaml);
  await writeFile(directory.at('gatehouse.yaml'), stringify(config));
  const gatehouse = stack.use(await runGatehouse(directory.at('gatehouse.yaml'), options.program));
  const start = (own: PairAccount, other: PairAccount) =>
    sidecar(directory, options, gatehouse.ready.extAuthz, own, other);
  const [productpage, details] = await Promise.all([start('productpage', 'details'), start('details', 'productpage')]);
  stack.use(productpage.envoy);
  stack.use(details.envoy);
  const all = stack.move();
  const { admin, extAuthz } = gatehouse.ready;
  return {
    ...{ productpage, details, admin, extAuthz, config: directory.at('gatehouse.yaml') },
    policyFile: (name) => directory.at(`policies/${name}`),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const accounts: readonly PairAccount[] = ['productpage', 'details'];

const config = {
  trustDomain: 'cluster.local',
  listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' },
  workloads: accounts.map((account) => ({
    namespace: 'default',
    serviceAccount: account,
    labels: { app: account },
    socket: { path: `./run/${account}.sock` },
  })),
};

/** Each listens on a unix socket for the other, since neither can know a free port of the other beforehand. */
async function sidecar(
  directory: TempDir,
  options: SidecarPairOptions,
  extAuthz: string,
  own: PairAccount,
  other: PairAccount,
): Promise<PairSide> {
  const accessLog = directory.at(`${own}.log`);
  const inbound = (account: PairAccount): string => `unix:${directory.at(`${account}.in`)}`;
  const bootstrap = await sidecarBootstrap(
    ...['--workload', `default/${own}`, '--label', `app=${own}`, '--admin', '127.0.0.1:0', '--access-log', accessLog],
    ...['--sds', `unix:${directory.at(`run/${own}.sock`)}`, '--ext-authz', extAuthz],
    ...['--listen', inbound(own), '--upstream', `127.0.0.1:${options.upstreamPorts[own]}`],
    ...['--outbound', `127.0.0.1:0=${inbound(other)}=default/${other}`],
    ...(options.flags ?? []),
  );
  const envoy = await runEnvoy({ bootstrap, directory: directory.path, name: own, timeoutMs: 120_000 });
  const lines = async () => (await readFile(accessLog, 'utf8')).split('\n').slice(0, -1);
  return {
    envoy,
    outboundPort: await envoy.port('outbound_0'),
    logged: (wanted) =>
      eventually('the access log has the line', async () =>
        (await lines()).map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>).find(wanted),
      ),
  };
}
