/**
 * Mutual TLS in front of our servers, with an identity that can be replaced while serving.
 * @module
 */

import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Watchable } from '../../lib/watchable.ts';
import { crowdFor, type Held, type Owner } from '../shares.ts';

/** What we show, and whom we believe. */
export interface TlsIdentity {
  /** PEM, leaf first. */
  readonly chainPem: string;
  /** PEM, PKCS#8. */
  readonly keyPem: string;
  /** PEM: the authorities that callers must chain to. */
  readonly trustedPem: string;
}

export interface TlsFrontOptions {
  /** What is spoken inside. HTTP/1.1 may also come without ALPN. */
  readonly protocol: 'h2' | 'http/1.1';
  /** `certified`: who proves no certificate of ours is closed. `any`: he is let in, without a certificate. */
  readonly callers: 'certified' | 'any';
  /** Told of a handshake that failed; never of one that was just left. */
  readonly failed: (failure: HandshakeFailure) => void;
  /** Handshakes at a time, default 1,024; then the oldest goes of those whose address has most. */
  readonly handshakes?: number;
}

export interface HandshakeFailure {
  readonly reason: string;
  /** The peer's address. */
  readonly remote: string;
  /** One side does not trust the certificate of the other. */
  readonly untrusted: boolean;
  /** DER: what the peer showed; where it showed none, what was proved from its address within the last hour. */
  readonly certificate: Uint8Array | undefined;
}

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
/** What a peer answers who does not trust our certificate (RFC 8446 §6.2), in OpenSSL's words. */
const DISTRUST = /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)$/;

/** A connection on its way through the handshake. */
interface Waiting {
  readonly ready: Parameters<TlsFront['secure']>[1];
  readonly remote: string;
  /** The handshake is done. */
  readonly over: () => void;
}

/** A connection whose handshake is under way. */
interface Handshake extends Held {
  readonly socket: Socket;
}

/** Creates the front. A new identity holds for new connections; those that stand keep theirs until they end. */
export function createTlsFront(identity: Watchable<TlsIdentity | undefined>, options: TlsFrontOptions): TlsFront {
  const { protocol, callers, failed, handshakes = 1_024 } = options;
  const underWay = new Set<Handshake>();
  const waiting = new WeakMap<Socket, Waiting>();
  const proofs = createProofs();
  const server = createServer({
    ...contextOf(identity.value),
    requestCert: true,
    rejectUnauthorized: false, // whom it would close has then shown nothing; he is closed below
    ALPNProtocols: [protocol],
    handshakeTimeout: HANDSHAKE_MS,
  });
  const waitingFor = (secured: TLSSocket): Waiting | undefined => {
    const raw: unknown = Reflect.get(secured, '_parent'); // the socket that was given to `secure`; Node has no public name for it
    return raw instanceof Object ? waiting.get(raw as Socket) : undefined;
  };
  const serve = (secured: TLSSocket): void => {
    const waiter = waitingFor(secured);
    waiter?.over();
    const { ready, remote = '' } = waiter ?? {};
    const certificate = secured.authorized ? secured.getPeerX509Certificate()?.raw : undefined;
    if (certificate !== undefined) proofs.note(remote, certificate);
    const agreed = secured.alpnProtocol === protocol || (protocol === 'http/1.1' && secured.alpnProtocol === false);
    const shown = certificate ?? secured.getPeerX509Certificate()?.raw;
    if (certificate === undefined && (shown !== undefined || callers === 'certified'))
      failed({ ...distrustOf(secured, shown), remote });
    // With `any` he is let in without it.
    if (ready === undefined || !agreed || (certificate === undefined && callers === 'certified')) {
      return void secured.destroy();
    }
    ready(secured, certificate);
  };
  server.on('secureConnection', (secured: TLSSocket) => {
    try {
      serve(secured);
    } catch (thrown) {
      secured.destroy();
      const { remote = '' } = waitingFor(secured) ?? {};
      failed({ reason: `it could not be served: ${String(thrown)}`, remote, untrusted: false, certificate: undefined });
    }
  });
  server.on('tlsClientError', (error, secured) => {
    const remote = secured.remoteAddress ?? waitingFor(secured)?.remote ?? '';
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
      const owner: Owner = [socket.remoteAddress ?? '', ''];
      if (underWay.size >= handshakes) {
        const [oldest] = crowdFor([...underWay], owner).members;
        oldest?.socket.destroy();
        if (oldest !== undefined) underWay.delete(oldest);
      }
      const handshake = { socket, owner };
      underWay.add(handshake);
      socket.once('close', () => underWay.delete(handshake));
      waiting.set(socket, { ready, remote: socket.remoteAddress ?? '', over: () => void underWay.delete(handshake) });
      server.emit('connection', socket);
    },
    [Symbol.dispose]: unsubscribe,
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

/** The certificate that was proved last from each address. */
function createProofs() {
  const proofs = new Map<string, { readonly certificate: Uint8Array; readonly at: number }>();
  return {
    note(remote: string, certificate: Uint8Array): void {
      proofs.delete(remote);
      proofs.set(remote, { certificate, at: performance.now() });
      if (proofs.size > MOST_PROOFS) proofs.delete(proofs.keys().next().value ?? '');
    },
    of(remote: string): Uint8Array | undefined {
      const found = proofs.get(remote);
      return found !== undefined && performance.now() - found.at < PROOF_LASTS_MS ? found.certificate : undefined;
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
