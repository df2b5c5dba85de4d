/**
 * A gRPC client in another language: python's grpcio and protobuf, which share no code with ours.
 *
 * Its packages live in a virtual environment under `.cache/`, made once; the messages it learns from the protos themselves.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PACKAGES = ['grpcio==1.76.0', 'protobuf==6.33.1'];
const PROTOS = [
  'proto/spiffe',
  'proto/grpc',
  ...['service/secret/v3', 'extensions/transport_sockets/tls/v3/secret.proto'].map(envoy),
  ...['extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.proto', 'service/auth/v3'].map(envoy),
];

function envoy(path: string): string {
  return `node_modules/@grpc/grpc-js-xds/deps/envoy-api/envoy/${path}`;
}

export interface PythonEnd {
  /** Name of the gRPC status, e.g. `PERMISSION_DENIED`. */
  readonly status: string;
  readonly details: string;
  readonly trailers: Readonly<Record<string, string>>;
}

/** Protobuf's JSON form. */
export type JsonMessage = Readonly<Record<string, unknown>>;

export interface PythonCall extends AsyncDisposable {
  readonly pid: number;
  send(request: JsonMessage): void;
  /** No more requests; hangs up on a method whose request is one. */
  hangUp(): void;
  /** The next response. @throws Error with the end of the call if it ended before, or with stderr */
  next(): Promise<JsonMessage>;
  /** Waits for the end of the call; responses not read are dropped. */
  ended(): Promise<PythonEnd>;
}

export interface PythonCallOptions {
  readonly socket: string;
  /** E.g. `/SpiffeWorkloadAPI/FetchX509SVID`. */
  readonly method: string;
  readonly metadata?: readonly (readonly [string, string])[];
  /** Wraps the command, e.g. `asUser`. */
  readonly wrap?: (command: readonly string[]) => readonly [string, readonly string[]];
}

/** Starts a call. */
export function pythonCall({ socket, method, metadata = [], wrap }: PythonCallOptions): PythonCall {
  const command = [python(), 'test/support/python/client.py', descriptors(), socket, method];
  command.push(...metadata.map(([name, value]) => `${name}=${value}`));
  const [program = '', args = []] = wrap ? wrap(command) : [command[0], command.slice(1)];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined); // it may have ended
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<Record<string, unknown>> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the python client ended: ${stderr}`);
    return JSON.parse(line.value) as Record<string, unknown>; // our own script wrote it
  };
  return {
    pid: child.pid ?? -1,
    send: (request) => void child.stdin.write(`${JSON.stringify(request)}\n`),
    hangUp: () => void child.stdin.end(),
    async next() {
      const { message, ...end } = await nextLine();
      if (message === undefined) throw new Error(`the call ended: ${JSON.stringify(end)}`);
      return message as JsonMessage; // likewise
    },
    async ended() {
      for (;;) {
        const line = await nextLine();
        if (line['message'] === undefined) return line as unknown as PythonEnd; // likewise
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw new Error(`${command} cannot be run: ${error.message}. The tests need Python 3 with venv and pip.`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Made beside its place and renamed there at the end, so that a half-made one is never used. */
function made(path: string, make: (work: string) => void): string {
  if (existsSync(path)) return path;
  mkdirSync('.cache', { recursive: true });
  const work = `${path}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  make(work);
  renameSync(work, path);
  return path;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

const python = (): string => pythonWith(PACKAGES);

/** An interpreter with packages beside it, each `NAME==VERSION`. */
export function pythonWith(packages: readonly string[]): string {
  const environment = made(`.cache/python-${shortHash(packages.join())}`, (work) => {
    run('python3', ['-m', 'venv', work]);
    run(`${work}/bin/python`, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--only-binary',
      ':all:',
      ...packages,
    ]);
  });
  return `${environment}/bin/python`; // a virtual environment's python works from any place
}

function descriptors(): string {
  const own = globSync('proto/**/*.proto').sort();
  const inputs = [...own, 'node_modules/@grpc/grpc-js-xds/package.json'].map((path) => readFileSync(path, 'utf8'));
  return made(`.cache/descriptors-${shortHash(inputs.join() + PROTOS.join())}.binpb`, (work) => {
    const paths = PROTOS.flatMap((path) => ['--path', path]);
    run('node_modules/.bin/buf', ['build', '--as-file-descriptor-set', '-o', `${work}#format=binpb`, ...paths]);
  });
}
