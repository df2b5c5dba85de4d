/**
 * Clients of OpenID Connect that know nothing but an issuer, each with the cache of its defaults.
 * @module
 */
import { spawn } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runEnvoy } from '../support/run-envoy.ts';
import { buildJava, buildRust, cache, here, javaTarget, python, run, rustTarget, venvPython } from './clients.ts';
import { jwtAuthnBootstrap } from './oidc-envoy.ts';

export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  /** PEM file of what the clients believe. */
  readonly roots: string;
  readonly leadSeconds: number;
  /** For files of a client. */
  readonly directory: string;
}

export interface Verifier extends AsyncDisposable {
  readonly name: string;
  /** Answers `ok SUBJECT`, or `FAIL reason`. */
  verify(token: string): Promise<string>;
}

const goClient = join(cache, 'go-oidc');

/** Builds every client. */
export function buildVerifiers(): void {
  mkdirSync(cache, { recursive: true });
  run('go', ['build', '-o', goClient, './oidc'], join(here, 'go'));
  python.build();
  buildRust();
  buildJava();
}

/** Each client by its name, as the command that verifies what comes on its standard input. */
function commands(of: Issuer): readonly (readonly [name: string, program: string, args: readonly string[]])[] {
  const rest = [of.issuer, of.audience, of.roots];
  const jars = [...globSync(join(javaTarget, '*.jar')), ...globSync(join(javaTarget, 'dependency/*.jar'))];
  const onNode = (name: string) =>
    [name, process.execPath, [join(here, 'node/oidc.ts'), name, ...rest, `${of.leadSeconds}`]] as const;
  const onPython = (name: string) => [name, venvPython, [join(here, 'python/oidc.py'), name, ...rest]] as const;
  return [
    ...['jose', 'openid-client'].map(onNode),
    ['go-oidc', goClient, rest],
    ...['pyjwt', 'joserfc', 'authlib'].map(onPython),
    ['jsonwebtoken (Rust)', join(rustTarget, 'debug/oidc'), rest],
    ['nimbus-jose-jwt', 'java', ['-cp', jars.join(':'), 'Oidc', ...rest]],
  ];
}

function startVerifier(name: string, program: string, args: readonly string[]): Verifier {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: ((line: string) => void)[] = [];
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.(line));
  let end: string | undefined;
  child.once('error', ({ message }) => {
    end = `FAIL ${message}`;
  });
  child.once('close', (code, signal) => {
    end ??= `FAIL it ended: ${code ?? signal}`;
    for (const answer of waiting.splice(0)) answer(end);
  });
  child.stdin.on('error', () => undefined);
  return {
    name,
    verify: (token) =>
      new Promise((resolve) => {
        if (end !== undefined) return resolve(end);
        waiting.push(resolve);
        child.stdin.write(`${token}\n`);
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
    },
  };
}

/** An Envoy that fetches the keys itself, asked by a request that carries the token. */
async function startEnvoy(of: Issuer): Promise<Verifier> {
  const envoy = await runEnvoy({ bootstrap: jwtAuthnBootstrap(of), directory: of.directory, timeoutMs: 120_000 });
  const url = `http://127.0.0.1:${await envoy.port('verify')}/`;
  return {
    name: 'Envoy jwt_authn',
    async verify(token) {
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      const text = await answer.text();
      return answer.status === 200 ? `ok ${answer.headers.get('x-subject')}` : `FAIL ${answer.status} ${text}`;
    },
    [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
  };
}

/** Starts every client. */
export async function startVerifiers(of: Issuer): Promise<readonly Verifier[]> {
  return [...commands(of).map((command) => startVerifier(...command)), await startEnvoy(of)];
}
