/**
 * What a user could run instead, and floors: servers that decide nothing.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bin, cache, programAt, root, rust } from './paths.ts';
import { clientCore, freePort, listening, type Running, start } from './processes.ts';
import { startGatehouse } from './product.ts';
import { cerbosPath, checkPath } from './requests.ts';
import { folderOf, sizes } from './same-rules.ts';

export interface Peer {
  readonly name: string;
  readonly what: string;
  /** Number of rules it is measured with; 0: it decides nothing. */
  readonly sizes: readonly number[];
  readonly path: string;
  /** Speaks gRPC, so that its answer can be checked. */
  readonly isGrpc: boolean;
  /** Is measured behind Envoy too. */
  readonly inEnvoy: boolean;
  readonly isOurs: boolean;
  /** Programs without which it cannot run. */
  readonly needs: readonly string[];
  start(label: string, rules: number): Promise<Running>;
}

type Command = (where: string, rules: number) => readonly string[];
const goEnvironment = { GOMAXPROCS: '1' };

/** A server that is told its address. */
function simple(command: Command, env: NodeJS.ProcessEnv = {}): Peer['start'] {
  return async (label, rules) => {
    const where = `127.0.0.1:${await freePort()}`;
    const { child, stop } = start(label, command(where, rules), { env });
    await untilListening(where, child, stop);
    return { where, pids: [child.pid!], stop };
  };
}

async function untilListening(
  where: string,
  child: Parameters<typeof listening>[1],
  stop: () => Promise<void>,
): Promise<void> {
  try {
    await listening(where, child);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

const nothingDecided = { sizes: [0], path: checkPath, isGrpc: true, inEnvoy: false, isOurs: false } as const;
const decides = { sizes, path: checkPath, isGrpc: true, inEnvoy: true, isOurs: false } as const;

const opaEnvoy = process.env['OPA_ENVOY_BIN'] ?? '';
const dikastesNew = process.env['DIKASTES_NEW_BIN'] ?? '';
const cerbosProgram = join(cache, 'node/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64');

const nghttpd: Peer['start'] = async (label) => {
  const folder = join(cache, 'nghttpd');
  const file = join(folder, checkPath);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from([0, 0, 0, 0, 4, 0x0a, 0, 0x1a, 0]));
  const port = await freePort();
  const args = ['--no-tls', '-a', '127.0.0.1', '-n', '1', '-d', folder, '--trailer=grpc-status: 0', '-m', '1000'];
  const { child, stop } = start(label, ['nghttpd', ...args, String(port)]);
  await untilListening(`127.0.0.1:${port}`, child, stop);
  return { where: `127.0.0.1:${port}`, pids: [child.pid!], stop };
};

/** Fed by our stand-in for Felix. */
function dikastes(program: string, withIds: boolean): Peer['start'] {
  return async (label, rules) => {
    const sync = `/tmp/gatehouse-bench-${process.pid}-${label}-sync.sock`;
    const where = `/tmp/gatehouse-bench-${process.pid}-${label}.sock`;
    const feed = [join(bin, 'policysync'), '-listen', sync, '-rules', join(folderOf(rules), 'rules.json')];
    const felix = start(`${label}-policysync`, [...feed, ...(withIds ? ['-ids'] : [])], { core: clientCore });
    await untilListening(`unix:${sync}`, felix.child, felix.stop);
    const server = start(label, [program, 'server', '-l', where, '-d', sync], { env: goEnvironment });
    const stop = async (): Promise<void> => {
      await server.stop();
      await felix.stop();
    };
    await untilListening(`unix:${where}`, server.child, stop);
    return { where: `unix:${where}`, pids: [server.child.pid!], stop };
  };
}

const cerbos: Peer['start'] = async (label, rules) => {
  const where = `127.0.0.1:${await freePort()}`;
  const file = join(cache, `cerbos-${rules}.json`);
  const config = {
    server: { httpListenAddr: `127.0.0.1:${await freePort()}`, grpcListenAddr: where },
    storage: { driver: 'disk', disk: { directory: join(folderOf(rules), 'cerbos'), watchForChanges: false } },
    audit: { enabled: false },
    telemetry: { disabled: true },
  };
  writeFileSync(file, JSON.stringify(config));
  const { child, stop } = start(label, [cerbosProgram, 'server', `--config=${file}`, '--log-level=error'], {
    env: goEnvironment,
  });
  await untilListening(where, child, stop);
  return { where, pids: [child.pid!], stop };
};

const opa: Command = (where, rules) => [
  ...[opaEnvoy, 'run', '--server', '--addr=127.0.0.1:0', '--disable-telemetry', '--log-level=error'],
  `--set=plugins.envoy_ext_authz_grpc.addr=${where}`,
  '--set=plugins.envoy_ext_authz_grpc.path=envoy/authz/allow',
  join(folderOf(rules), 'literal.rego'),
];
const opaLibrary =
  (shape: 'literal' | 'by-principal'): Command =>
  (where, rules) => [
    ...[join(bin, 'opaembed'), '-addr', where, '-policy', join(folderOf(rules), `${shape}.rego`)],
    ...(shape === 'literal' ? [] : ['-data', join(folderOf(rules), `${shape}.json`)]),
  ];
const nodeScript =
  (script: string): Command =>
  (where) => [process.execPath, join(root, script), where.slice(where.lastIndexOf(':') + 1)];
const go = join(bin, 'grpcgo');

const ours = (transport: 'lane' | 'grpc-js'): Pick<Peer, 'isOurs' | 'needs' | 'start'> => ({
  isOurs: true,
  needs: [],
  start: (label, rules) => startGatehouse(label, { rules, transport }),
});

export const peers: readonly Peer[] = [
  { ...decides, ...ours('lane'), name: 'gatehouse', what: 'Gatehouse, the Check lane, decision log on' },
  { ...decides, ...ours('grpc-js'), sizes: [1_000], name: 'gatehouse-grpc-js', what: 'Gatehouse over grpc-js' },
  {
    ...nothingDecided,
    isOurs: true,
    name: 'lane-empty',
    what: 'the lane with an empty handler',
    needs: [],
    start: simple(nodeScript('bench/lane-empty.ts')),
  },
  {
    ...nothingDecided,
    isGrpc: false,
    name: 'nghttpd',
    what: "C: nghttp2's own server, a static file",
    needs: ['nghttpd'],
    start: nghttpd,
  },
  {
    ...nothingDecided,
    name: 'rust-h2',
    what: 'Rust: h2, bytes dropped',
    needs: [join(rust, 'h2-floor')],
    start: simple((where) => [join(rust, 'h2-floor'), where]),
  },
  {
    ...nothingDecided,
    inEnvoy: true,
    name: 'rust-tonic',
    what: 'Rust: tonic, CheckRequest decoded',
    needs: [join(rust, 'tonic-floor')],
    start: simple((where) => [join(rust, 'tonic-floor'), where]),
  },
  {
    ...nothingDecided,
    name: 'grpc-cpp',
    what: 'gRPC C++ callback API, bytes not decoded',
    needs: [join(bin, 'grpc-cpp-floor')],
    start: simple((where) => [join(bin, 'grpc-cpp-floor'), where]),
  },
  {
    ...nothingDecided,
    name: 'grpc-go-raw',
    what: 'grpc-go, bytes not decoded',
    needs: [go],
    start: simple((where) => [go, '-addr', where, '-mode', 'raw'], goEnvironment),
  },
  {
    ...nothingDecided,
    inEnvoy: true,
    name: 'grpc-go',
    what: 'grpc-go, CheckRequest decoded',
    needs: [go],
    start: simple((where) => [go, '-addr', where], goEnvironment),
  },
  {
    ...nothingDecided,
    inEnvoy: true,
    name: 'grpc-js',
    what: 'grpc-js, bytes not decoded',
    needs: [],
    start: simple(nodeScript('bench/peers/node/grpc-js.cjs')),
  },
  {
    ...nothingDecided,
    name: 'node-http2',
    what: "node:http2, Node's own HTTP/2",
    needs: [],
    start: simple(nodeScript('bench/peers/node/http2.ts')),
  },
  {
    ...decides,
    name: 'opa-envoy',
    what: 'OPA-Envoy, a Rego rule a rule',
    needs: [opaEnvoy],
    start: simple(opa, goEnvironment),
  },
  {
    ...decides,
    inEnvoy: false,
    name: 'opa-library',
    what: 'OPA as a library in a bare server: less than OPA-Envoy costs',
    needs: [join(bin, 'opaembed')],
    start: simple(opaLibrary('literal'), goEnvironment),
  },
  {
    ...decides,
    inEnvoy: false,
    name: 'opa-library-by-principal',
    what: 'the same, policy as data by principal',
    needs: [join(bin, 'opaembed')],
    start: simple(opaLibrary('by-principal'), goEnvironment),
  },
  {
    ...decides,
    name: 'dikastes-3.28',
    what: "Calico's Dikastes v3.28.5",
    needs: [join(bin, 'dikastes'), join(bin, 'policysync')],
    start: dikastes(join(bin, 'dikastes'), false),
  },
  {
    ...decides,
    name: 'dikastes-new',
    what: 'a later Dikastes (DIKASTES_NEW_BIN)',
    needs: [dikastesNew, join(bin, 'policysync')],
    start: dikastes(dikastesNew, true),
  },
  {
    ...decides,
    inEnvoy: false,
    path: cerbosPath,
    name: 'cerbos',
    what: 'Cerbos, CheckResources (not ext_authz)',
    needs: [cerbosProgram],
    start: cerbos,
  },
];

/** Why a peer cannot run here; undefined: it can. */
export function missing({ needs }: Pick<Peer, 'needs'>): string | undefined {
  const absent = needs.find((program) => programAt(program) === undefined);
  if (absent === undefined) return undefined;
  return absent === '' ? 'its program is not given' : `${absent.split('/').at(-1)} is not there`;
}

/** A program that is built. */
export interface Step {
  readonly what: string;
  readonly gives: string;
  readonly folder: string;
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** What is built from source, and by which toolchain. */
export const buildSteps: readonly Step[] = [
  {
    what: 'grpc-go floors, feed of Dikastes',
    gives: go,
    folder: 'go-floor',
    command: ['go', 'build', '-o', `${bin}/`, './cmd/...'],
  },
  {
    what: 'OPA as a library',
    gives: join(bin, 'opaembed'),
    folder: 'go-opa',
    command: ['go', 'build', '-o', join(bin, 'opaembed'), '.'],
  },
  {
    what: 'Dikastes',
    gives: join(bin, 'dikastes'),
    folder: 'go-calico',
    command: ['go', 'build', '-o', `${bin}/`, 'github.com/projectcalico/calico/app-policy/cmd/dikastes'],
  },
  {
    what: 'gRPC C++ floor',
    gives: join(bin, 'grpc-cpp-floor'),
    folder: 'cpp',
    command: [
      'sh',
      '-c',
      `g++ -O2 -std=c++17 grpc_cpp_floor.cc -o ${bin}/grpc-cpp-floor $(pkg-config --cflags --libs grpc++)`,
    ],
  },
  {
    what: 'Rust floors, load client',
    gives: join(rust, 'openloop'),
    folder: 'rust',
    command: ['cargo', 'build', '--release', '--locked'],
    env: { CARGO_TARGET_DIR: join(cache, 'cargo') },
  },
  {
    what: 'Cerbos',
    gives: cerbosProgram,
    folder: 'node',
    command: [
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--no-save',
      '--ignore-scripts',
      '--prefix',
      join(cache, 'node'),
      '@cerbos/cerbos-linux-x64@0.55.0',
    ],
  },
];
