/**
 * Asks a running server by its admin API: over its unix socket, or over mTLS with an SVID.
 * @module
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { Option } from 'commander';
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import type { TlsConnectOptions } from './admin-tls.ts';

export interface AdminFlags {
  readonly admin?: string;
  readonly svid?: string;
  readonly config: string;
}

/** The option `--admin`; without it the configuration file tells. */
export function adminOption(): Option {
  return new Option(
    '--admin <address>',
    'admin API: unix:PATH, or https://HOST:PORT with an SVID; else listen.admin of --config',
  );
}

/** The option `--svid`, for an admin API over mTLS. */
export function svidOption(): Option {
  return new Option(
    '--svid <source>',
    'who you are at https://…: a directory of `svid watch --write`, or unix:PATH of a Workload API; else that of --config',
  );
}

export interface AdminClient {
  /** @throws GatehouseError `unreachable`, or what the server answered */
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** A POST that is answered by bytes; they throw where the server breaks off. */
  pieces(path: string): Promise<AsyncIterable<Uint8Array>>;
}

/** Where an admin API is, and how to get there. */
interface Door {
  /** For people. */
  readonly text: string;
  readonly options: RequestOptions & Partial<TlsConnectOptions>;
  readonly tls: boolean;
}

/** Creates a client of the server that the flags name. @throws GatehouseError `config_invalid`, `not_entitled`, `unreachable` */
export async function adminClient(flags: AdminFlags): Promise<AdminClient> {
  const door = await doorOf(flags);
  return {
    get: async (path) => parseJson(await textOf(await call(door, 'GET', path, undefined)), door),
    post: async (path, body) => parseJson(await textOf(await call(door, 'POST', path, body)), door),
    pieces: (path) => call(door, 'POST', path, {}),
  };
}

async function doorOf(flags: AdminFlags): Promise<Door> {
  const address = flags.admin ?? (await adminOf(flags.config));
  if (!address.startsWith('https:')) {
    const socketPath = address.replace(/^unix:/, '');
    return { text: `unix:${socketPath}`, options: { socketPath }, tls: false };
  }
  const { adminTls } = await import('./admin-tls.ts');
  const { hostname, port, host } = urlOf(address);
  const tls = await adminTls(flags.svid, flags.config);
  const bare = hostname.replace(/^\[|\]$/g, '');
  return {
    text: `https://${host}`,
    options: { host: bare, port: port === '' ? 443 : Number(port), ...tls },
    tls: true,
  };
}

function urlOf(address: string): URL {
  if (URL.canParse(address)) return new URL(address);
  throw new GatehouseError('config_invalid', `--admin: ${address} is not https://HOST:PORT`);
}

async function adminOf(config: string): Promise<string> {
  const { loadConfig } = await import('../../config/read-config.ts');
  const { admin } = loadConfig(config).listen;
  if (admin.kind === 'unix') return `unix:${admin.path}`;
  return `https://${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
}

async function call(door: Door, method: string, path: string, body: unknown): Promise<IncomingMessage> {
  const { request } = door.tls ? await import('node:https') : await import('node:http');
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { host: 'gatehouse', 'content-type': 'application/json' };
    const sent = request({ ...door.options, method, path, headers }, resolve);
    sent.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(door, error)));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const { statusCode: status = 0 } = answer;
  if (status >= 200 && status < 300) return answer;
  const { code, message, details } = parseJson(await textOf(answer), door) as {
    code?: ErrorCode;
    message?: string;
    details?: Record<string, unknown>;
  }; // the API's error shape
  throw new GatehouseError(code ?? 'internal', message ?? `the server answered ${status}`, details ?? {});
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function unreachable(door: Door, error: NodeJS.ErrnoException): GatehouseError {
  if (error instanceof GatehouseError) return error;
  const why = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'no server runs there' : error.message;
  return new GatehouseError('unreachable', `cannot reach the admin API at ${door.text}: ${why}`, {
    address: door.text,
  });
}

function parseJson(text: string, { text: address }: Door): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GatehouseError('unreachable', `what answers at ${address} is no admin API`, { address });
  }
}
