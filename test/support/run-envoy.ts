/**
 * Starts a real Envoy and waits until it serves.
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import { startChild } from './child.ts';
import { eventually, GiveUp } from './eventually.ts';

export interface RunEnvoyOptions {
  /** The bootstrap: JSON, or text of a YAML file. Its admin address must be TCP; port 0 is any free one. */
  readonly bootstrap: object | string;
  /** An existing directory for its files. */
  readonly directory: string;
  readonly name?: string;
  /** False: return as soon as the admin page answers, e.g. because certificates are not there yet. */
  readonly waitUntilReady?: boolean;
  readonly timeoutMs?: number;
}

export interface RunningEnvoy extends AsyncDisposable {
  readonly pid: number;
  /** `127.0.0.1:PORT` of the admin pages. */
  readonly admin: string;
  /** The port that a listener really bound. */
  port(listener: string): Promise<number>;
  /** Body of an admin page, e.g. `/stats`. */
  adminPage(path: string): Promise<string>;
  /** Value of a counter or gauge; 0 if there is none of that name. */
  stat(name: string): Promise<number>;
  /** What it logged (its own log, not the access log). */
  log(): string;
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

const FLAGS =
  '--log-level warning --concurrency 1 --disable-hot-restart --file-flush-interval-msec 50 --drain-time-s 1'.split(' ');

/**
 * Starts Envoy on `bootstrap`.
 *
 * @throws Error with Envoy's log if it ends or is not ready in time
 */
export async function runEnvoy(options: RunEnvoyOptions): Promise<RunningEnvoy> {
  const name = options.name ?? 'envoy';
  const file = `${options.directory}/${name}.yaml`;
  const adminFile = `${options.directory}/${name}.admin`;
  const { bootstrap } = options;
  await writeFile(file, typeof bootstrap === 'string' ? bootstrap : JSON.stringify(bootstrap));
  const child = startChild(await ensureEnvoy(), ['-c', file, '--admin-address-path', adminFile, ...FLAGS]);
  let end: number | string | undefined;
  void child.ended.then((how) => {
    end = how;
  });
  const wait = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
    try {
      return await eventually(
        what,
        () => (end === undefined ? ask() : Promise.reject(new GiveUp(`it ended: ${end}`))),
        options.timeoutMs,
      );
    } catch (error) {
      await child.stop('SIGKILL');
      throw new Error(`${name}: ${(error as Error).message}\n${child.stderr()}`, { cause: error });
    }
  };
  const admin = await wait('the admin page is there', async () => (await readFile(adminFile, 'utf8')) || undefined);
  const adminPage = (path: string) => httpGet(admin, path);
  if (options.waitUntilReady ?? true) {
    await wait('it is ready', async () => ((await adminPage('/ready')).startsWith('LIVE') ? true : undefined));
  }
  return {
    pid: child.pid,
    admin,
    adminPage,
    port: async (listener) => portOf(await adminPage('/listeners?format=json'), listener),
    stat: async (stat) => Number((await adminPage(`/stats?filter=^${stat}$`)).split(': ')[1] ?? 0),
    log: child.stderr,
    stop: child.stop,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

function portOf(json: string, listener: string): number {
  const { listener_statuses: statuses = [] } = JSON.parse(json) as Listeners; // Envoy's own admin answer
  const found = statuses.find(({ name }) => name === listener);
  if (found === undefined) throw new Error(`no listener ${listener} among ${statuses.map(({ name }) => name).join()}`);
  return found.local_address.socket_address.port_value;
}

function httpGet(address: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const [host = '', port] = address.split(/:(?=\d+$)/);
    request({ host, port, path, agent: false, timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}

/** Serial numbers of the certificates that an Envoy shows. */
export async function shownBy(envoy: RunningEnvoy): Promise<string> {
  interface Certs {
    readonly certificates: readonly { readonly cert_chain: readonly { readonly serial_number: string }[] }[];
  }
  const { certificates } = JSON.parse(await envoy.adminPage('/certs')) as Certs; // Envoy's own admin answer
  const serials = certificates.flatMap(({ cert_chain: chain }) => chain.map(({ serial_number: serial }) => serial));
  return [...new Set(serials)].sort().join();
}
