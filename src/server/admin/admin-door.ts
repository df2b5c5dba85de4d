/**
 * The admin API: HTTP and JSON on a unix socket, for the server's own user and root.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../config/config.ts';
import { asGatehouseError, GatehouseError, meaningOf } from '../../errors.ts';
import { peerCredentialsOf } from '../../transport/peer-credentials.ts';
import { type HttpDoor, openHttpDoor } from '../http-door.ts';
import { unixAddress } from '../listen-addresses.ts';
import type { AdminDeps } from './admin-deps.ts';
import type { AdminRequest } from './admin-handler.ts';
import { routeOf } from './routes.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Opens the admin API. @throws GatehouseError `address_in_use`, `config_invalid` */
export function openAdmin(config: Config, deps: AdminDeps): Promise<HttpDoor> {
  const uids = new WeakMap<Socket, number>();
  return openHttpDoor(
    unixAddress(config.listen.admin, 'peer'),
    (request, response) => void answer(request, response, uids.get(request.socket), deps),
    (socket) => {
      const credentials = peerCredentialsOf(socket);
      credentials?.process?.close();
      if (credentials !== undefined) uids.set(socket, credentials.uid);
    },
  );
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  uid: number | undefined,
  deps: AdminDeps,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://gatehouse');
  const method = request.method ?? 'GET';
  try {
    const who = authorise(uid, deps);
    const handle = routeOf(method, url.pathname);
    const asked: AdminRequest = { who, query: url.searchParams, body: await bodyOf(request) };
    send(response, 200, await handle(asked, deps));
  } catch (thrown) {
    const error = asGatehouseError(thrown);
    const { code, message, details } = error;
    const { http, safeText } = meaningOf(code);
    deps.log[code === 'internal' ? 'error' : 'info'](
      { uid, method, path: url.pathname, code },
      `admin API: ${message}`,
    );
    send(response, http, {
      code,
      message: code === 'internal' ? safeText : message,
      details: code === 'internal' ? {} : details,
    });
  }
}

/** The peer's uid, from the kernel, decides: ours or root. */
function authorise(uid: number | undefined, { accounts }: AdminDeps): string {
  if (uid !== undefined && (uid === 0 || uid === process.geteuid?.())) {
    const name = accounts.userName(uid);
    return name === undefined ? `uid:${uid}` : `uid:${uid} (${name})`;
  }
  throw new GatehouseError(
    'caller_not_authorised',
    `uid ${uid ?? 'unknown'} may not use the admin API; root and the server's own user may`,
    { uid },
  );
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES)
      throw new GatehouseError('message_too_large', `the body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new GatehouseError('message_invalid', 'the body is not JSON');
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  if (body instanceof Uint8Array) {
    response.writeHead(status, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' });
    response.end(body);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
