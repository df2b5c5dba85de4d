/**
 * The admin API of a server, asked on its unix socket.
 * @module
 */
import { request } from 'node:http';
import type { GatehouseDir } from './gatehouse-dir.ts';

export interface AdminAnswer<T> {
  readonly status: number;
  readonly body: T;
}

/** One question. */
export function adminAsk<T>(dir: GatehouseDir, method: string, path: string, body?: object): Promise<AdminAnswer<T>> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: dir.at('run/admin.sock'), method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (some: string) => {
        text += some;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as T })); // our own API
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

/** The body of a GET. */
export async function adminGet<T>(dir: GatehouseDir, path: string): Promise<T> {
  return (await adminAsk<T>(dir, 'GET', path)).body;
}
