/**
 * Asks the admin API as any HTTP client would.
 * @module
 */
import { request } from 'node:http';

export interface AdminAnswer {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

/** @param admin  `unix:PATH` */
export function askAdmin(admin: string, method: string, path: string, body?: unknown): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: admin.replace(/^unix:/, ''), method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
