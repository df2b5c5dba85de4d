/**
 * The admin API of a server, asked on its unix socket.
 * @module
 */
import { askAdmin } from './ask-admin.ts';
import type { GatehouseDir } from './gatehouse-dir.ts';

export interface AdminAnswer<T> {
  readonly status: number;
  readonly body: T;
}

/** One question. */
export async function adminAsk<T>(
  dir: GatehouseDir,
  method: string,
  path: string,
  body?: object,
): Promise<AdminAnswer<T>> {
  const answer = await askAdmin(dir.at('run/admin.sock'), method, path, body);
  return answer as AdminAnswer<T>; // held to the table
}

/** The body of a GET. */
export async function adminGet<T>(dir: GatehouseDir, path: string): Promise<T> {
  return (await adminAsk<T>(dir, 'GET', path)).body;
}
