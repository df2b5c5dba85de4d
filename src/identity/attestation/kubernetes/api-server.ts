/**
 * What attestation asks of an API server, and what it makes of its refusals.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';

/** One API server. */
export interface ApiServer {
  /** The parsed JSON answer. @throws Error whose `code` is the HTTP status, where the server answered at all */
  request(ask: {
    readonly method?: 'GET' | 'POST';
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly accept?: string;
    readonly signal?: AbortSignal;
  }): Promise<unknown>;
}

/** Nobody waits longer than this for an API server. */
const ASK_MS = 10_000;

type Ask = Parameters<ApiServer['request']>[0];

/**
 * Asks; undefined when the server says that there is no such thing.
 *
 * @throws GatehouseError `unreachable` with what it said: it is a fault of ours or of the server, never a verdict on a caller
 */
export async function ask(server: ApiServer, of: Ask): Promise<unknown> {
  try {
    return await server.request({ ...of, signal: AbortSignal.timeout(ASK_MS) });
  } catch (thrown) {
    const code: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'code') : undefined;
    if (code === 404) return undefined;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatehouseError('unreachable', `the API server did not answer ${of.path}: ${why}`, {}, { cause: thrown });
  }
}
