/**
 * Mutual TLS in front of our servers, with an identity that can be replaced while serving.
 * @module
 */

import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Watchable } from '../../lib/watchable.ts';
import { candidatesFor, type Owned } from '../shares.ts';

/** What we show, and whom we believe. */
export interface TlsIdentity {
  /** PEM, leaf first. */
  readonly chainPem: string;
  /** PEM, PKCS#8. */
  readonly keyPem: string;
  /** PEM: the authorities that callers must chain to. */
  readonly trustedPem: string;
}

/** How handshakes are to go. */
export interface TlsFrontOptions {
  /** What is spoken inside. HTTP/1.1 may also come without ALPN. */
  readonly protocol: 'h2' | 'http/1.1';
  /** `certified`: a caller that proves no certificate of ours is closed. `any`: it is let in, without a certificate. */
  readonly callers: 'certified' | 'any';
  /** Told of a handshake that failed; never of one that was just left. */
  readonly failed: (failure: HandshakeFailure) => void;
  /** Handshakes at a time, default 1,024; then the oldest goes of those whose address has most. */
  readonly handshakes?: number;
}

/** A handshake that came to nothing, or one whose caller is let in without the certificate that it showed. */
export interface HandshakeFailure {
  readonly reason: string;
  /** The peer's address. */
  readonly remote: string;
  /** One side does not trust the certificate of the other. */
  readonly untrusted: boolean;
  /** DER: what the peer showed; where it showed none, what was proved from its address within the last hour. */
  readonly certificate: Uint8Array | undefined;
}

/** TLS for sockets that others accept. Disposing it leaves the connections alone. */
export interface TlsFront extends Disposable {
  /**
   * Takes a connection just accepted, and calls back once the peer has proved a certificate of ours and agreed on the protocol.
   * One that does not within ten seconds, or while we have no identity yet, is closed.
   *
   * @param ready  gets the certificate that the peer proved; undefined only with `callers: any`
   */
  secure(socket: Socket, ready: (secured: TLSSocket, peerCertificate: Uint8Array | undefined) => void): void;
}

const HANDSHAKE_MS = 10_000;
/** Alerts of a peer that does not trust our certificate (RFC 8446 §6.2), as OpenSSL names them. */
const DISTRUST = /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)$/;

/** A connection on its way through the handshake. */
interface Waiting extends Owned {
  readonly socket: Socket;
  readonly ready: Parameters<TlsFront['secure']>[1];
  /** The peer's address. */
  readonly remote: string;
}

/**
 * Creates the front. A new identity holds for new connections; those that stand keep theirs until they end.
 *
 * @throws Error from OpenSSL when the identity cannot be read
 */
export function createTlsFront(identity: Watchable<TlsIdentity | undefined>, options: TlsFrontOptions): TlsFront {
  const { protocol, failed, handshakes = 1_024 } = options;
  const underWay = createHandshakes(handshakes);
  const proofs = createProofs();
  const server = createServer({
    ...contextOf(identity.value),
    requestCert: true,
    rejectUnauthorized: false, // it would close callers before anything that they showed is known; `admit` closes them
    ALPNProtocols: [protocol],
    handshakeTimeout: HANDSHAKE_MS,
  });
  server.on('secureConnection', (secured: TLSSocket) => {
    try {
      admit(secured, underWay.take(secured), options, proofs);
    } catch (thrown) {
      secured.destroy();
      const { remote = '' } = underWay.of(secured) ?? {};
      failed({ reason: `it could not be served: ${String(thrown)}`, remote, untrusted: false, certificate: undefined });
    }
  });
  server.on('tlsClientError', (error, secured) => {
    const remote = secured.remoteAddress ?? underWay.of(secured)?.remote ?? '';
    const code = (error as NodeJS.ErrnoException).code ?? ''; // errors of node:tls carry one
    if (!left.has(code))
      failed({ reason: error.message, remote, untrusted: DISTRUST.test(code), certificate: proofs.of(remote) });
    secured.destroy();
  });
  const unsubscribe = identity.subscribe((next) => server.setSecureContext(contextOf(next)));
  return {
    secure(socket, ready) {
      if (!isWhole(identity.value)) return void socket.destroy();
      socket.on('error', () => socket.destroy()); // a peer may go at any time
      underWay.add(socket, ready);
      server.emit('connection', socket);
    },
    [Symbol.dispose]: unsubscribe,
  };
}

/** Hands over a connection whose handshake is done, or closes it. */
function admit(
  secured: TLSSocket,
  waiting: Waiting | undefined,
  { protocol, callers, failed }: TlsFrontOptions,
  proofs: Proofs,
): void {
  const { ready, remote = '' } = waiting ?? {};
  const certificate = secured.authorized ? secured.getPeerX509Certificate()?.raw : undefined;
  if (certificate !== undefined) proofs.note(remote, certificate);
  const agreed = secured.alpnProtocol === protocol || (protocol === 'http/1.1' && secured.alpnProtocol === false);
  const shown = certificate ?? secured.getPeerX509Certificate()?.raw;
  if (certificate === undefined && (shown !== undefined || callers === 'certified'))
    failed({ ...distrustOf(secured, shown), remote });
  if (ready === undefined || !agreed || (certificate === undefined && callers === 'certified')) {
    return void secured.destroy();
  }
  ready(secured, certificate);
}

/** The handshakes of one front. */
interface Handshakes {
  /** Adds one; the oldest of whoever has most goes when there are too many. */
  add(socket: Socket, ready: Waiting['ready']): void;
  /** What `add` was told of the socket beneath a TLS socket. */
  of(secured: TLSSocket): Waiting | undefined;
  /** The same, and its handshake is over. */
  take(secured: TLSSocket): Waiting | undefined;
}

function createHandshakes(most: number): Handshakes {
  const underWay = new Set<Waiting>();
  const waiting = new WeakMap<Socket, Waiting>();
  const of = (secured: TLSSocket): Waiting | undefined => {
    const raw: unknown = Reflect.get(secured, '_parent'); // the socket that was given to `secure`; Node has no public name for it
    return raw instanceof Object ? waiting.get(raw as Socket) : undefined;
  };
  return {
    add(socket, ready) {
      const remote = socket.remoteAddress ?? '';
      const handshake: Waiting = { socket, ready, remote, owner: [remote, ''] };
      if (underWay.size >= most) {
        const [oldest] = candidatesFor([...underWay], handshake.owner).members;
        oldest?.socket.destroy();
        if (oldest !== undefined) underWay.delete(oldest);
      }
      underWay.add(handshake);
      socket.once('close', () => underWay.delete(handshake));
      waiting.set(socket, handshake);
    },
    of,
    take(secured) {
      const found = of(secured);
      if (found !== undefined) underWay.delete(found);
      return found;
    },
  };
}

/** The peer has shown a certificate that we do not trust, or none. */
function distrustOf(
  { authorizationError }: TLSSocket,
  certificate: Uint8Array | undefined,
): Omit<HandshakeFailure, 'remote'> {
  const reason =
    certificate === undefined
      ? 'the peer showed no certificate'
      : `the peer's certificate is not trusted: ${String(authorizationError)}`;
  return { reason, untrusted: certificate !== undefined, certificate };
}

const PROOF_LASTS_MS = 60 * 60_000;
const MOST_PROOFS = 10_000;

/** The certificate that was proved last from each address, for an hour. */
interface Proofs {
  note(remote: string, certificate: Uint8Array): void;
  of(remote: string): Uint8Array | undefined;
}

function createProofs(): Proofs {
  const proofs = new Map<string, { readonly certificate: Uint8Array; readonly provedAt: number }>();
  return {
    note(remote, certificate) {
      proofs.delete(remote);
      proofs.set(remote, { certificate, provedAt: performance.now() });
      if (proofs.size > MOST_PROOFS) proofs.delete(proofs.keys().next().value ?? '');
    },
    of(remote) {
      const found = proofs.get(remote);
      return found !== undefined && performance.now() - found.provedAt < PROOF_LASTS_MS ? found.certificate : undefined;
    },
  };
}

/** Without authorities to believe OpenSSL would believe those of the system. */
function isWhole(identity: TlsIdentity | undefined): identity is TlsIdentity {
  return identity !== undefined && identity.trustedPem.trim() !== '';
}

const left: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Nothing is resumed: a session would outlive the revocation of the authority that vouched for it.
 *
 * @throws Error from OpenSSL when key, chain or authorities cannot be read: the identity is ours, so that is a fault of ours
 */
function contextOf(identity: TlsIdentity | undefined): SecureContextOptions {
  const common = { minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET } as const;
  if (!isWhole(identity)) return common;
  const options: SecureContextOptions = {
    ...common,
    cert: identity.chainPem,
    key: identity.keyPem,
    ca: identity.trustedPem,
  };
  createSecureContext(options);
  return options;
}
