/**
 * Workload API clients in other languages, each built from its sources here: the SPIFFE libraries of Go, Python, Rust and Java.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../support/child.ts';
import { projectRoot } from '../support/run-gatehouse.ts';

export const here = import.meta.dirname;
export const cache = join(projectRoot, '.cache/interop');

export interface Client {
  readonly name: string;
  /** Installs and compiles; everything lands under `.cache/`. */
  build(): void;
  /** The command line of one verb: fetch, watch SECONDS, serve, dial PORT, jwt AUDIENCE, federated TOKEN. */
  command(socket: string, verb: string, argument?: string): readonly [string, readonly string[]];
}

/** Runs a program to its end. @throws Error with what it said, if it fails */
export function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1e8,
  });
  if (error)
    throw new Error(
      `${command} cannot be run: ${error.message}; npm run interop needs Go, Python, Rust and Java with Maven`,
    );
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}`);
}

const words = (argument: string | undefined): string[] => (argument === undefined ? [] : [argument]);

/** go-spiffe knows verbs by another name: it is a judge of its own, too. */
const goVerbs: Readonly<Record<string, string>> = { fetch: 'x509,bundles,source' };

const goFlags: Readonly<Record<string, (argument: string) => readonly string[]>> = {
  dial: (port) => ['-port', port],
  watch: (seconds) => ['-wait', `${seconds}s`],
  federated: (token) => ['-token', token],
};

export const go: Client = {
  name: 'go-spiffe',
  build: () => run('go', ['build', '-o', join(cache, 'go-interop'), '.'], join(here, 'go')),
  command(socket, verb, argument) {
    const flag = goFlags[verb]?.(argument ?? '') ?? [];
    return [
      join(cache, 'go-interop'),
      ['-socket', `unix://${socket}`, '-td', 'cluster.local', '-verbs', goVerbs[verb] ?? verb, ...flag],
    ];
  },
};

const venv = join(cache, 'python');
export const venvPython = join(venv, 'bin/python');

export const python: Client = {
  name: 'py-spiffe',
  build() {
    run('python3', ['-m', 'venv', venv], here);
    run(
      venvPython,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
      join(here, 'python'),
    );
  },
  command: (socket, verb, argument) => [
    venvPython,
    [join(here, 'python/interop.py'), socket, verb, ...words(argument)],
  ],
};

export const rustTarget = join(cache, 'rust');

/** Compiles every program of the Rust project. */
export const buildRust = (): void =>
  run('cargo', ['build', '--quiet', '--locked'], join(here, 'rust'), { CARGO_TARGET_DIR: rustTarget });

const rust: Client = {
  name: 'spiffe (Rust)',
  build: buildRust,
  command: (socket, verb, argument) => [join(rustTarget, 'debug/interop'), [socket, verb, ...words(argument)]],
};

export const javaTarget = join(cache, 'java');

/** Compiles every program of the Java project, and brings what they need. */
export const buildJava = (): void =>
  run('mvn', ['-q', '-B', `-DbuildDirectory=${javaTarget}`, 'package'], join(here, 'java'));

const java: Client = {
  name: 'java-spiffe',
  build: buildJava,
  command(socket, verb, argument) {
    const jars = [...globSync(join(javaTarget, '*.jar')), ...globSync(join(javaTarget, 'dependency/*.jar'))];
    return ['java', ['-cp', jars.join(':'), 'Interop', socket, verb, ...words(argument)]];
  },
};

export const clients: readonly Client[] = [go, python, rust, java];

/** Builds every client. */
export function buildClients(): void {
  mkdirSync(cache, { recursive: true });
  for (const client of clients) client.build();
}

/** Runs one verb to its end. @throws Error with what it printed, if it fails */
export async function ask(client: Client, socket: string, verb: string, argument?: string): Promise<string> {
  const child = startChild(...client.command(socket, verb, argument));
  const how = await child.ended;
  if (how !== 0) throw new Error(`${client.name} ${verb} ended with ${how}\n${child.stdout()}${child.stderr()}`);
  return child.stdout();
}

/** Starts an mTLS server; its port is the first line that it prints. */
export async function serve(client: Client, socket: string): Promise<Child & { readonly port: string }> {
  const child = startChild(...client.command(socket, 'serve'));
  const port = await new Promise<string>((resolve, reject) => {
    child.onLine((line) => {
      if (/^\d+$/.test(line)) resolve(line);
    });
    void child.ended.then((how) => reject(new Error(`${client.name} serve ended with ${how}\n${child.stderr()}`)));
  });
  return Object.assign(child, { port });
}
