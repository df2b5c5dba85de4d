/**
 * Asks a running server by its admin API.
 * @module
 */
import { Option } from 'commander';
import { type ErrorCode, GatehouseError } from '../errors.ts';

export interface AdminFlags {
  readonly admin?: string;
  readonly config: string;
}

/** The option `--admin`; without it the configuration file tells. */
export function adminOption(): Option {
  return new Option('--admin <address>', 'socket of the admin API: unix:PATH; else listen.admin of --config');
}

export interface AdminClient {
  /** @throws GatehouseError `unreachable`, or what the server answered */
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** A POST that is answered by bytes. */
  bytes(path: string): Promise<Buffer>;
}

/** Creates a client of the server that the flags name. */
export async function adminClient({ admin, config }: AdminFlags): Promise<AdminClient> {
  const socketPath = (admin ?? (await adminOf(config))).replace(/^unix:/, '');
  return {
    get: async (path) => parseJson((await call(socketPath, 'GET', path, undefined)).toString(), socketPath),
    post: async (path, body) => parseJson((await call(socketPath, 'POST', path, body)).toString(), socketPath),
    bytes: (path) => call(socketPath, 'POST', path, {}),
  };
}

async function adminOf(config: string): Promise<string> {
  const { loadConfig } = await import('../config/read-config.ts');
  return loadConfig(config).listen.admin.path;
}

async function call(socketPath: string, method: string, path: string, body: unknown): Promise<Buffer> {
  const { request } = await import('node:http');
  const { status, answer } = await new Promise<{ status: number; answer: Buffer }>((resolve, reject) => {
    const sent = request(
      { socketPath, method, path, headers: { host: 'gatehouse', 'content-type': 'application/json' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(chunks) }));
        response.on('error', reject);
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'no server runs there' : error.message;
      reject(
        new GatehouseError('unreachable', `cannot reach the admin API at unix:${socketPath}: ${why}`, { socketPath }),
      );
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (status >= 200 && status < 300) return answer;
  const { code, message, details } = parseJson(answer.toString(), socketPath) as {
    code?: ErrorCode;
    message?: string;
    details?: Record<string, unknown>;
  }; // the API's error shape
  throw new GatehouseError(code ?? 'internal', message ?? `the server answered ${status}`, details ?? {});
}

function parseJson(text: string, socketPath: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GatehouseError('unreachable', `what answers at unix:${socketPath} is no admin API`, { socketPath });
  }
}
