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
}

/** Creates a client of the server that the flags name. */
export async function adminClient({ admin, config }: AdminFlags): Promise<AdminClient> {
  const socketPath = (admin ?? (await adminOf(config))).replace(/^unix:/, '');
  return {
    get: (path) => call(socketPath, 'GET', path, undefined),
    post: (path, body) => call(socketPath, 'POST', path, body),
  };
}

async function adminOf(config: string): Promise<string> {
  const { loadConfig } = await import('../config/read-config.ts');
  return loadConfig(config).listen.admin.path;
}

async function call(socketPath: string, method: string, path: string, body: unknown): Promise<unknown> {
  const { request } = await import('node:http');
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(
      { socketPath, method, path, headers: { host: 'gatehouse', 'content-type': 'application/json' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
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
  const answer = parseJson(text, socketPath);
  if (status >= 200 && status < 300) return answer;
  const { code, message, details } = answer as {
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
