/**
 * HTTP on listeners of ours.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Watchable } from '../../lib/watchable.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { acceptFrom } from '../../transport/accept-from.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import { ownerOfSocket } from '../../transport/listen/connections.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { listen } from '../../transport/listen/listener.ts';
import { peerCredentialsOf } from '../../transport/listen/peer-credentials.ts';
import { createTlsFront, type TlsFrontOptions, type TlsIdentity } from '../../transport/listen/tls-front.ts';
import { createHttpConnections, defaultHttpLimits, type HttpLimits } from './http-connections.ts';

/** A bound listener that serves HTTP/1.1. */
export interface HttpListener extends AsyncDisposable {
  /** The address really bound. */
  readonly address: ListenAddress;
  /** What broke a limit since it was asked last. */
  takeTally(): LaneTally;
}

/** Whose process is at the other end of a unix socket. */
export interface PeerAccount {
  readonly uid: number;
  /** Its own group and the supplementary ones. */
  readonly gids: readonly number[];
}

/** Who is at the other end. */
export interface HttpPeer {
  /** Of a unix peer, from the kernel, as he was when he connected. */
  readonly account: PeerAccount | undefined;
  /** DER of the certificate that a TLS peer proved. */
  readonly certificate: Uint8Array | undefined;
  /** The connection came by TLS. */
  readonly tls: boolean;
  /** Where it came in: the address really bound. */
  readonly listener: ListenAddress;
}

export interface HttpListenerDeps {
  /** What it throws, or rejects with, is answered by 500. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, peer: HttpPeer) => void | Promise<void>;
  /** Told what `handle` threw: a fault of ours, whatever the peer has sent. */
  readonly failed: (thrown: unknown) => void;
  /** What we show where the address has TLS. */
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly callers: TlsFrontOptions['callers'];
  /** Whose share of connections counts, where he proves a certificate. */
  readonly identify: (certificate: Uint8Array | undefined) => SpiffeId | undefined;
  /** What differs from the usual ones. */
  readonly limits: Partial<HttpLimits>;
  readonly handshakeFailed: TlsFrontOptions['failed'];
}

/** Serves HTTP/1.1, inside of TLS where the address says so. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openHttpListener(at: ListenAddress, deps: HttpListenerDeps): Promise<HttpListener> {
  const { handle, failed, identity, callers, handshakeFailed, identify, limits } = deps;
  const peers = new WeakMap<Socket, HttpPeer>();
  const connections = createHttpConnections(limits);
  const guarded = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (!connections.asked(request, response)) return;
      // Node takes the first of several, others the last (RFC 9112 §3.2).
      if ((request.headersDistinct.host?.length ?? 0) > 1) {
        response.writeHead(400, { connection: 'close' }).end();
        return;
      }
      await handle(request, response, peers.get(request.socket) ?? nobody);
    } catch (thrown) {
      failed(thrown);
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { connection: 'close' }).end();
    }
  };
  const http = createServer({ maxHeaderSize: 16_384 }, (request, response) => void guarded(request, response));
  const listener = await listen(at);
  const { address } = listener;
  const nobody: HttpPeer = { account: undefined, certificate: undefined, tls: false, listener: address };
  const hasTls = address.kind === 'tcp' && address.tls;
  const front = hasTls
    ? createTlsFront(identity, {
        protocol: 'http/1.1',
        callers,
        failed: handshakeFailed,
        handshakes: limits.connections ?? defaultHttpLimits.connections,
      })
    : undefined;
  const sockets = new Set<Socket>();
  const serve = (socket: Socket, peer: HttpPeer): void => {
    socket.on('error', () => socket.destroy());
    if (!connections.add(socket, ownerOfSocket(socket, address, identify(peer.certificate)))) return;
    peers.set(socket, peer);
    http.emit('connection', socket);
  };
  acceptFrom(listener.server, failed, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (front !== undefined) {
      front.secure(socket, (secured, certificate) => serve(secured, { ...nobody, certificate, tls: true }));
    } else serve(socket, at.kind === 'unix' ? { ...nobody, account: accountOf(socket) } : nobody);
  });
  return {
    address,
    takeTally: connections.takeTally,
    async [Symbol.asyncDispose]() {
      const closed = listener[Symbol.asyncDispose]();
      connections[Symbol.dispose]();
      front?.[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function accountOf(socket: Socket): PeerAccount | undefined {
  const credentials = peerCredentialsOf(socket);
  credentials?.process?.close();
  return credentials && { uid: credentials.uid, gids: [credentials.gid, ...credentials.groups] };
}
