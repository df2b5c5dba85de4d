/**
 * Asks the admin API over mTLS, as any HTTP client with an SVID would.
 * @module
 */
import { request } from 'node:https';
import { type ClientIdentity, mustBe } from './svid-of.ts';

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/** @param admin  `HOST:PORT` */
export function askAdminTls(
  admin: string,
  own: ClientIdentity,
  method: string,
  path: string,
  body?: unknown,
): Promise<TextAnswer> {
  const [host, port] = admin.split(':');
  return new Promise((resolve, reject) => {
    const checkServerIdentity = mustBe('spiffe://cluster.local/gatehouse/authority');
    const sent = request({ host, port, method, path, ...own, agent: false, checkServerIdentity }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (some: string) => {
        text += some;
        // It does not end by itself: what it says first is its answer here.
        if (response.headers['content-type'] === 'application/x-ndjson' && text.includes('\n')) {
          resolve({ status: response.statusCode ?? 0, text });
          response.destroy();
        }
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
