/**
 * Asks an Envoy that runs for its version and its configuration.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { type Json, textAt } from './json.ts';

const TIMEOUT_MS = 10_000;

/** What an Envoy says of itself. */
export interface AskedEnvoy {
  readonly version: string;
  readonly dump: Json;
}

/** Asks its admin pages. @throws GatehouseError `unreachable`, `config_invalid` */
export async function askEnvoy(url: string): Promise<AskedEnvoy> {
  const [server, dump] = await Promise.all([page(url, '/server_info'), page(url, '/config_dump')]);
  return { version: textAt(server, 'version'), dump };
}

async function page(url: string, path: string): Promise<Json> {
  try {
    const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return (await response.json()) as Json; // JSON enters
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new GatehouseError('unreachable', `${url}${path} does not answer as Envoy's admin address does: ${why}`, {
      url,
    });
  }
}
