/**
 * Mutual TLS in front of our gRPC servers, with an identity that can be replaced while serving.
 * @module
 */

import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Watchable } from '../lib/watchable.ts';

/** What we show, and whom we believe. */
export interface TlsIdentity {
  /** PEM, leaf first. */
  readonly chainPem: string;
  /** PEM, PKCS#8. */
  readonly keyPem: string;
  /** PEM: the authorities that callers must chain to. */
  readonly trustedPem: string;
}

export interface TlsFront extends Disposable {
  /**
   * Takes a connection just accepted, and calls back once the peer has proved a certificate of ours and agreed on HTTP/2.
   * One that does not within ten seconds, or while we have no identity yet, is closed.
   */
  secure(socket: Socket, ready: (secured: TLSSocket, peerCertificate: Uint8Array) => void): void;
}

const HANDSHAKE_MS = 10_000;

/** Creates the front. A new identity holds for new connections; those that stand keep theirs until they end. */
export function createTlsFront(identity: Watchable<TlsIdentity | undefined>): TlsFront {
  const waiting = new WeakMap<Socket, Parameters<TlsFront['secure']>[1]>();
  const server = createServer({
    ...optionsOf(identity.value),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_MS,
  });
  server.on('secureConnection', (secured: TLSSocket) => {
    const raw: unknown = Reflect.get(secured, '_parent'); // the socket that was given to `secure`; Node has no public name for it
    const ready = raw instanceof Object ? waiting.get(raw as Socket) : undefined;
    const certificate = secured.getPeerX509Certificate()?.raw;
    if (ready === undefined || certificate === undefined || secured.alpnProtocol !== 'h2')
      return void secured.destroy();
    ready(secured, certificate);
  });
  server.on('tlsClientError', (_, secured) => void secured.destroy());
  const unsubscribe = identity.subscribe((next) => server.setSecureContext(optionsOf(next)));
  return {
    secure(socket, ready) {
      if (identity.value === undefined) return void socket.destroy();
      socket.on('error', () => socket.destroy()); // a peer may go at any time
      waiting.set(socket, ready);
      server.emit('connection', socket);
    },
    [Symbol.dispose]: unsubscribe,
  };
}

/** @throws Error from OpenSSL when key, chain or authorities cannot be read: the identity is ours, so that is a fault of ours */
function optionsOf(identity: TlsIdentity | undefined): SecureContextOptions {
  if (identity === undefined) return { minVersion: 'TLSv1.2' };
  const options: SecureContextOptions = {
    cert: identity.chainPem,
    key: identity.keyPem,
    ca: identity.trustedPem,
    minVersion: 'TLSv1.2',
  };
  createSecureContext(options);
  return options;
}
