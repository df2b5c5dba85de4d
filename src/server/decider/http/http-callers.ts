/**
 * The wire under Check for proxies that ask by HTTP: `node:http`, strict, and bounded in all that a peer can make it hold.
 *
 * A question is its head: it is answered at once, whatever body was announced. Behind such a body nothing more is read of that
 * connection, so that no body can be taken for a question.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpAnswer } from '../../../authz/answer/http-answer.ts';
import { ID_HEADER } from '../../../authz/answer/http-answer.ts';
import { REASON_HEADER } from '../../../authz/answer/told-reasons.ts';
import type { HttpCheck } from '../../../authz/check.ts';
import type { Caller } from '../../../authz/destination/destination.ts';
import type { WriteQuestion } from '../../../authz/http/http-questions.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { LaneTally } from '../../../transport/lane/counts.ts';
import { ownerOfSocket } from '../../../transport/listen/connections.ts';
import type { ListenAddress } from '../../../transport/listen/listen-address.ts';
import { createTlsFront, type HandshakeFailure, type TlsIdentity } from '../../../transport/listen/tls-front.ts';
import { connectionLimit } from '../../listeners/connection-limit.ts';
import { createHttpConnections, type HttpLimits } from '../../listeners/http-connections.ts';
import { callerSvidOf } from '../../tls/callers.ts';
import { LOCAL, NOBODY } from '../check-wire.ts';
import { announcesBody, QuestionHead } from './question-head.ts';

export interface HttpCallersDeps {
  /** The newest of both, each time. */
  readonly asking: () => { readonly write: WriteQuestion; readonly check: HttpCheck };
  /** What we show where a listener has TLS. */
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly trustDomain: TrustDomain;
  readonly trouble: (thrown: unknown) => void;
  /** Told of a connection that was not let in. */
  readonly handshakeFailed: (failure: HandshakeFailure) => void;
  /** What differs from the usual ones. */
  readonly limits?: Partial<HttpLimits>;
}

/** Answers HTTP callers on connections that others accept. */
export interface HttpCallers {
  accept(socket: Socket, listener: ListenAddress): void;
  /** What broke a limit since it was asked last. */
  takeTally(): LaneTally;
  /** Ends all connections; answers are never under way. */
  drain(): void;
}

/** Who is at the other end of a connection. */
interface Asker {
  readonly caller: Caller;
  /** Whoever announced a body asks nothing more. */
  isSpent: boolean;
}

/** A certificate, a path and what a client may send: proxies pass on at most as much. */
const HEAD_BYTES = 65_536;
/** Longer than proxies keep a connection without a question, so that it is they who close it. */
const IDLE_MS = 180_000;
const HEAD_MS = 10_000;

/** Creates it. */
export function createHttpCallers(deps: HttpCallersDeps): HttpCallers {
  const { asking, identity, trustDomain, trouble, handshakeFailed } = deps;
  const askers = new WeakMap<Socket, Asker>();
  const open = new Set<Socket>();
  const limit = connectionLimit('http-auth');
  const connections = createHttpConnections({
    ...{ connections: limit, headMs: HEAD_MS, bodyMs: HEAD_MS, unreadMs: HEAD_MS, idleMs: IDLE_MS },
    ...deps.limits,
  });
  const http = createServer({
    ...{ maxHeaderSize: HEAD_BYTES, requireHostHeader: false, keepAliveTimeout: 0 },
    ...{ IncomingMessage: QuestionHead, optimizeEmptyRequests: true },
  });
  http.maxHeadersCount = 0; // those beyond a count would be dropped, and what was dropped a policy may deny by
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    const asker = askers.get(socket);
    if (asker === undefined || asker.isSpent || !connections.answered(socket)) return;
    const ends = announcesBody(request);
    asker.isSpent = ends;
    try {
      const { write, check } = asking();
      reply(response, check(write(request), asker.caller), ends);
    } catch (thrown) {
      trouble(thrown);
      if (response.headersSent) socket.destroy();
      else reply(response, ourFault, true);
    }
  };
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) http.on(event, handle);
  http.on('connect', (_, socket) => socket.end(NO_QUESTION));
  http.on('clientError', (_, socket) => {
    if (socket.writable) socket.end(NO_QUESTION);
    else socket.destroy();
  });
  const front = createTlsFront(identity, {
    ...{ protocol: 'http/1.1', callers: 'certified', failed: handshakeFailed, handshakes: limit },
  });
  const serve = (socket: Socket, listener: ListenAddress, caller: Caller): void => {
    socket.on('error', () => socket.destroy());
    const spiffeId = caller.local === true || caller.spiffeId === '' ? undefined : caller.spiffeId;
    if (!connections.add(socket, ownerOfSocket(socket, listener, spiffeId))) return;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    askers.set(socket, { caller, isSpent: false });
    http.emit('connection', socket);
  };
  return {
    accept(socket, listener) {
      if (listener.kind === 'unix' || !listener.tls) return serve(socket, listener, LOCAL);
      front.secure(socket, (secured, certificate) =>
        serve(secured, listener, (certificate && callerSvidOf(certificate, trustDomain)) ?? NOBODY),
      );
    },
    takeTally: connections.takeTally,
    drain() {
      front[Symbol.dispose]();
      connections[Symbol.dispose]();
      for (const socket of open) socket.end();
    },
  };
}

const ourFault: HttpAnswer = {
  status: 403,
  headers: ['Cache-Control', 'no-store', ID_HEADER, '', REASON_HEADER, 'internal_error', 'Content-Length', '0'],
  body: '',
};

/** For what is no request at all. */
const NO_QUESTION =
  'HTTP/1.1 403 Forbidden\r\nCache-Control: no-store\r\nX-Gatehouse-Id: \r\n' +
  'X-Gatehouse-Reason: malformed_request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

function reply(response: ServerResponse, { status, headers, body }: HttpAnswer, ends: boolean): void {
  if (ends) headers.push('Connection', 'close');
  response.writeHead(status, headers);
  response.end(body);
}
