/**
 * The pages for monitoring, `/healthz`, `/readyz`, `/metrics`; and `/crl.pem`, which is as public as certificates are.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readiness } from './readiness.ts';

export interface HealthPagesDeps {
  readonly readiness: () => Readiness;
  /** All metrics as Prometheus reads them. */
  readonly metrics: () => Promise<string>;
  /** The revocation lists, PEM; empty: there are none. */
  readonly crl: () => string;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** `stranger`: came by TLS and proved no identity; a prober may do so, and learns yes or no. */
export type HealthReader = 'known' | 'stranger';

/** Rejects with what a page threw. */
export type HealthPages = (request: IncomingMessage, response: ServerResponse, reader: HealthReader) => Promise<void>;

type Page = (response: ServerResponse, reader: HealthReader) => Promise<void>;

/** Creates the handler. Being degraded is not being unready: what was last good stays in force. */
export function createHealthPages({ readiness, metrics, crl }: HealthPagesDeps): HealthPages {
  const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
    ['/healthz', async (response) => json(response, 200, { alive: true })],
    [
      '/readyz',
      async (response, reader) => {
        const state = readiness();
        json(response, state.ready ? 200 : 503, reader === 'known' ? state : { ready: state.ready });
      },
    ],
    [
      '/metrics',
      async (response, reader) => {
        if (reader === 'stranger') {
          const message = 'metrics need a client certificate: an SVID of our trust domain';
          return json(response, 403, { code: 'caller_not_authorised', message, details: {} });
        }
        const text = await metrics();
        response.writeHead(200, { 'content-type': METRICS_TYPE }).end(text);
      },
    ],
    [
      '/crl.pem',
      async (response) => {
        const text = crl();
        if (text === '') json(response, 404, { code: 'not_found', message: 'nothing was revoked', details: {} });
        else response.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(text);
      },
    ],
  ]);
  return async (request, response, reader) => {
    const page = pages.get((request.url ?? '').split('?', 1)[0]!);
    if (page === undefined) return json(response, 404, { code: 'not_found', message: 'not found', details: {} });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return json(response, 405, { code: 'not_supported', message: 'only GET and HEAD', details: {} });
    }
    await page(response, reader);
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
