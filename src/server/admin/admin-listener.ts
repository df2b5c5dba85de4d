/**
 * The admin API: HTTP and JSON on a unix socket for the server's own user, root and readers of `admin.group`, or over mTLS for `admin.clients`.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Route, routes } from '../../admin-api/routes.ts';
import type { StatusAnswer } from '../../admin-api/status.ts';
import type { ListenerConfig } from '../../config/listeners/listen-config.ts';
import { asGatehouseError, GatehouseError, meaningOf } from '../../errors.ts';
import { readAtMost } from '../../lib/read-at-most.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { JsonRefused, readStrictJson } from '../../spiffe/strict-json.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import {
  type HttpListener,
  type HttpListenerDeps,
  type HttpPeer,
  openHttpListener,
} from '../listeners/http-listener.ts';
import { listenAddress } from '../listeners/listen-addresses.ts';
import { callerOfAccount, callerOfId } from './access/admin-caller.ts';
import { createRefusedOrders } from './access/refused-orders.ts';
import type { AdminDeps } from './admin-deps.ts';
import { answerRoute, routeOf } from './handlers.ts';
import { readQuestion, type Sent } from './question.ts';
import { sendLines } from './send-lines.ts';
import { sendPieces } from './send-pieces.ts';
import { versionHeader } from './version-header.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;

export interface AdminListenerDeps extends Omit<AdminDeps, 'status' | 'refusedOrders'> {
  /** @param admin  the address of the admin API, really bound */
  readonly status: (admin: ListenAddress) => StatusAnswer;
  /** Where to listen. */
  readonly at: ListenerConfig;
  /** How many listeners of the admin API share its room, this one counted. */
  readonly beside: number;
}

/** Opens the admin API at one of its addresses. @throws GatehouseError `address_in_use`, `config_invalid` */
export function openAdmin(
  identity: HttpListenerDeps['identity'],
  { at, beside, ...deps }: AdminListenerDeps,
): Promise<HttpListener> {
  const refusedOrders = createRefusedOrders(() => performance.now());
  return openHttpListener(listenAddress(at), {
    handle: (request, response, peer) =>
      answer(request, response, peer, { ...deps, refusedOrders, status: () => deps.status(peer.listener) }),
    failed: (thrown) => deps.log.error(`admin API: ${asGatehouseError(thrown).message}`),
    identity,
    callers: 'certified',
    identify: deps.identify,
    limits: { connections: Math.max(4, Math.floor(connectionLimit('admin') / beside)) },
    handshakeFailed: (failure) => deps.handshakeFailed('admin API', failure),
  });
}

/** Who calls is judged before anything that he says is looked at. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  peer: HttpPeer,
  deps: AdminDeps,
): Promise<void> {
  const { method = 'GET', url: target = '' } = request;
  let spiffeId: SpiffeId | undefined;
  try {
    spiffeId = deps.identify(peer.certificate);
    const { admin } = deps.config();
    const caller = peer.tls ? callerOfId(spiffeId, admin) : callerOfAccount(peer.account, admin, deps.accounts);
    refuseOtherPages(request);
    const url = urlOf(target);
    const found = routeOf(method, url.pathname);
    const sent: Sent = { query: url.searchParams, body: await bodyOf(request) };
    const body = await answerRoute(found.route, caller, () => readQuestion(found, sent), deps);
    if (!isMany(body)) send(response, 200, body);
    else if (isBytes(found.route, body)) await sendPieces(response, body);
    else await sendLines(response, body);
  } catch (thrown) {
    const error = asGatehouseError(thrown);
    const { code, message, details } = error;
    const { http, safeText } = meaningOf(code);
    deps.log[code === 'internal' ? 'error' : 'info'](
      { ...(peer.tls ? { spiffeId } : { uid: peer.account?.uid }), method, path: target.split('?', 1)[0], code },
      `admin API: ${message}`,
    );
    send(response, http, {
      code,
      message: code === 'internal' ? safeText : message,
      details: code === 'internal' ? {} : details,
    });
  }
}

/**
 * A browser that holds a client certificate shows it for whatever page it is on, and says which page that is. None of ours asks
 * here: the console asks by a server of its own.
 *
 * @throws GatehouseError `caller_not_authorised`
 */
function refuseOtherPages({ headers: { origin, 'sec-fetch-site': site } }: IncomingMessage): void {
  if (origin === undefined && (site === undefined || site === 'none')) return;
  throw new GatehouseError('caller_not_authorised', `a web page${origin ? ` of ${origin}` : ''} may not ask here`);
}

/** @throws GatehouseError `not_found` for what is no address */
function urlOf(target: string): URL {
  const url = URL.parse(target.startsWith('/') ? `http://gatehouse${target}` : target);
  if (url !== null) return url;
  throw new GatehouseError('not_found', 'that is no path of the admin API');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const body = await readAtMost(request, MAX_BODY_BYTES);
  if (body === undefined)
    throw new GatehouseError('message_too_large', `the body is larger than ${MAX_BODY_BYTES} bytes`);
  if (body.length === 0) return undefined;
  try {
    return readStrictJson(body.toString('utf8')).value;
  } catch (thrown) {
    if (!(thrown instanceof JsonRefused)) throw thrown;
    throw new GatehouseError('message_invalid', `the body: ${thrown.message}`);
  }
}

const isMany = (body: unknown): body is AsyncIterable<unknown> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body;

const isBytes = (route: Route, _body: AsyncIterable<unknown>): _body is AsyncIterable<Uint8Array> =>
  routes[route].answers === 'bytes';

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...versionHeader, 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
