/**
 * The processes of an API server and its store, with all that they need on disk. They end with the process that started them,
 * however it ends.
 * @module
 */
import { readFileSync } from 'node:fs';
import { type Child, startChild } from '../child.ts';
import { eventually, GiveUp } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { openssl } from '../openssl.ts';
import { type TempDir, tempDir } from '../temp-dir.ts';
import { apiClient } from './api-client.ts';
import { apiServerProgram, etcdProgram } from './judge-programs.ts';
import { makeClientCa } from './users.ts';

export interface ApiServerOptions {
  /** Further flags of kube-apiserver, such as `--etcd-compaction-interval=10s`. */
  readonly flags?: readonly string[];
  /** The store: Debian's is so old that there are no lists by watch. */
  readonly etcd?: 'current' | 'debian';
}

export interface ControlPlane extends AsyncDisposable {
  readonly dir: TempDir;
  readonly url: string;
  /** PEM of whom the API server's certificate is trusted by. */
  readonly ca: string;
  /** Ends the API server at once; its store stays. */
  kill(): Promise<void>;
  /** Starts it again where it was, with all that it had, and waits until it is ready. */
  start(): Promise<void>;
  /** Freezes it: connections stay, and nothing answers; and lets it go on. */
  pause(): void;
  resume(): void;
  log(): string;
}

/** Starts both and waits until they are ready: 5 to 10 s. A program that is missing is a failure. */
export async function startControlPlane({ flags = [], etcd = 'current' }: ApiServerOptions): Promise<ControlPlane> {
  await using stack = new AsyncDisposableStack();
  const program = apiServerProgram();
  const dir = stack.use(await tempDir('gh-kube-'));
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  makeAccountKey(dir);
  const args = [
    ...[`--etcd-servers=${await startEtcd(dir, etcd, stack)}`, `--cert-dir=${dir.at('certs')}`],
    ...[`--secure-port=${port}`, '--bind-address=127.0.0.1', '--service-cluster-ip-range=10.96.0.0/24'],
    ...[`--client-ca-file=${makeClientCa(dir)}`, '--service-account-issuer=https://kubernetes.default.svc'],
    ...[`--service-account-key-file=${dir.at('account.pub')}`],
    ...[`--service-account-signing-key-file=${dir.at('account.key')}`],
    ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', ...flags],
  ];
  let server = startMortal(program, args);
  stack.defer(async () => void (await server.stop('SIGKILL')));
  await isReady(server, url, dir);
  const owned = stack.move();
  return {
    dir,
    url,
    ca: readFileSync(dir.at('certs/apiserver.crt'), 'utf8'),
    kill: async () => void (await server.stop('SIGKILL')),
    async start() {
      server = startMortal(program, args);
      await isReady(server, url, dir);
    },
    pause: () => process.kill(server.pid, 'SIGSTOP'),
    resume: () => process.kill(server.pid, 'SIGCONT'),
    log: () => server.stderr(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A child that the kernel kills when we end, also where we are killed. */
const startMortal = (program: string, args: readonly string[]): Child =>
  startChild('setpriv', ['--pdeathsig', 'KILL', program, ...args]);

async function startEtcd(dir: TempDir, which: 'current' | 'debian', stack: AsyncDisposableStack): Promise<string> {
  const program = which === 'debian' ? '/usr/bin/etcd' : etcdProgram();
  const [clients, peers] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  const child = startMortal(program, [
    ...['--data-dir', dir.at('etcd'), '--listen-client-urls', clients!, '--advertise-client-urls', clients!],
    ...['--listen-peer-urls', peers!, '--initial-advertise-peer-urls', peers!, '--initial-cluster', `default=${peers}`],
    '--unsafe-no-fsync',
  ]);
  stack.defer(async () => void (await child.stop('SIGKILL')));
  await eventually('etcd is healthy', async () => {
    await isAlive('etcd', child);
    return (await fetch(`${clients}/health`)).ok || undefined;
  });
  return clients!;
}

async function isReady(server: Child, url: string, dir: TempDir): Promise<void> {
  await eventually('the API server is ready', async () => {
    await isAlive('kube-apiserver', server);
    const api = apiClient(url, readFileSync(dir.at('certs/apiserver.crt'), 'utf8'), {});
    try {
      return (await api.ask('GET', '/readyz')).status === 200 || undefined;
    } finally {
      api.close();
    }
  });
}

async function isAlive(name: string, child: Child): Promise<void> {
  const ended = await Promise.race([child.ended, Promise.resolve(undefined)]);
  if (ended !== undefined) throw new GiveUp(`${name} ended (${ended}):\n${child.stderr().slice(-4000)}`);
}

function makeAccountKey(dir: TempDir): void {
  const failed = [
    openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', dir.at('account.key')]),
    openssl(['pkey', '-in', dir.at('account.key'), '-pubout', '-out', dir.at('account.pub')]),
  ].find(({ ok }) => !ok);
  if (failed) throw new Error(`openssl: ${failed.text}`);
}
