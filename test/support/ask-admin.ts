/**
 * Asks the admin API as any HTTP client would.
 * @module
 */
import { request } from 'node:http';
import { assertDeclared } from './declared-answer.ts';

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
      response.on('end', () => {
        try {
          const answer = { status: response.statusCode ?? 0, body: JSON.parse(text) as unknown };
          assertDeclared(method, path, answer.status, answer.body);
          resolve(answer);
        } catch (thrown) {
          reject(thrown as Error);
        }
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
