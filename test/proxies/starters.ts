/**
 * How each proxy is started over the files of `proxy config`.
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { CallerName } from '../../src/authz/http/dialect.ts';
import type { Child } from '../support/child.ts';

/** A proxy that serves. */
export interface RunningProxy {
  readonly name: string;
  readonly port: number;
}

type Run = (command: string, args: readonly string[], cwd?: string) => Child;
type Starter = (path: string, into: string) => Promise<Child | RunningProxy>;

/** Writes nginx the file that includes the printed one, with every path in its own directory. */
async function nginxMain(into: string): Promise<string> {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${into};`);
  const http = `http { access_log off; ${temp.join(' ')} include gatehouse.conf; }`;
  const file = `${into}/nginx.conf`;
  await writeFile(file, `daemon off; master_process off; pid ${into}/pid; error_log stderr;\nevents {}\n${http}\n`);
  return file;
}

/** By the proxy's name; each takes the program, and the directory with what was printed. */
export function startersWith(
  run: Run,
  envoyOn: (yaml: string) => Promise<RunningProxy>,
): Readonly<Record<CallerName, Starter>> {
  return {
    nginx: async (path, into) => run(path, ['-p', into, '-c', await nginxMain(into)]),
    async caddy(path, into) {
      const file = `${into}/Caddyfile`;
      await writeFile(file, (await readFile(file, 'utf8')).replace('auto_https off', 'auto_https off\n  admin off'));
      return run(path, ['run', '--adapter', 'caddyfile', '--config', file], into);
    },
    haproxy: async (path, into) => run(path, ['-db', '-f', 'haproxy.cfg'], into),
    traefik: async (path, into) => run(path, ['--configFile=traefik.yaml'], into),
    envoy: async (_path, into) => envoyOn(await readFile(`${into}/envoy.yaml`, 'utf8')),
  };
}
