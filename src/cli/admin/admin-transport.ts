/**
 * How the command line reaches an admin API: over its unix socket, or over mTLS with an SVID.
 * @module
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { AdminTransport } from '../../admin-api/client.ts';
import { GatehouseError } from '../../errors.ts';
import type { TlsConnectOptions } from './admin-tls.ts';

/** Where an admin API is, and how to get there. */
export interface AdminEndpoint {
  /** For people. */
  readonly address: string;
  readonly options: RequestOptions & Partial<TlsConnectOptions>;
  readonly tls: boolean;
}

/** Creates the transport to an endpoint; each request has a connection of its own. */
export function createAdminTransport({ address, options, tls }: AdminEndpoint): AdminTransport {
  return {
    address,
    async send(method, path, body) {
      const { request } = tls ? await import('node:https') : await import('node:http');
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const headers = { host: 'gatehouse', 'content-type': 'application/json' };
        const sent = request({ ...options, method, path, headers }, resolve);
        sent.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(address, error)));
        sent.end(body);
      });
      const version = answer.headers['gatehouse-version'];
      return {
        status: answer.statusCode ?? 0,
        version: typeof version === 'string' ? version : undefined,
        text: () => textOf(answer),
        pieces: () => answer,
      };
    },
  };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function unreachable(address: string, error: NodeJS.ErrnoException): GatehouseError {
  if (error instanceof GatehouseError) return error;
  const why = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'no server runs there' : error.message;
  return new GatehouseError('unreachable', `cannot reach the admin API at ${address}: ${why}`, { address });
}
