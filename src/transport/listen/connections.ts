/**
 * Connections of gRPC, and the peer of each.
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Owner } from '../shares.ts';
import type { ListenAddress } from './listen-address.ts';
import { type PeerCredentials, peerCredentialsOf } from './peer-credentials.ts';

/** One accepted connection, as methods and logs know it. */
export interface Connection {
  /** Unique also over restarts, e.g. `5f3a9c01-17`. */
  readonly token: string;
  /** The listener that accepted it. */
  readonly listener: ListenAddress;
  /** Of a unix peer; undefined for TCP. */
  readonly credentials: PeerCredentials | undefined;
  /** Address and port of a TCP peer; undefined for unix sockets. */
  readonly remote: { readonly address: string; readonly port: number } | undefined;
  /** DER of the certificate that a TLS peer proved, leaf only. */
  readonly peerCertificate: Uint8Array | undefined;
}

/** Other in every process, so that a token in a store or a log never means a connection of an earlier run. */
const epoch = randomBytes(4).toString('hex');
let count = 0;

/** Returns what is known of the peer of a socket just accepted. The caller closes the record with the connection (`closeRecord`). */
export function recordConnection(socket: Socket, listener: ListenAddress, peerCertificate?: Uint8Array): Connection {
  count += 1;
  const { remoteAddress: address, remotePort: port } = socket;
  return {
    token: `${epoch}-${count}`,
    listener,
    credentials: listener.kind === 'unix' ? peerCredentialsOf(socket) : undefined,
    remote: address === undefined || port === undefined ? undefined : { address, port },
    peerCertificate,
  };
}

/**
 * Returns whose share of connections one counts to: that of a unix peer's uid and process, of a workload's own socket, else of the
 * identity that the peer proved, or of its address.
 */
export function ownerOf({ listener, credentials, remote }: Connection, spiffeId?: string): Owner {
  const process = `pid ${credentials?.pid ?? 0}`;
  if (listener.kind === 'unix' && listener.attests === 'path') return [`socket ${listener.path}`, process];
  if (listener.kind === 'unix') return [`uid ${credentials?.uid ?? 'unknown'}`, process];
  return [spiffeId ?? remote?.address ?? '', spiffeId === undefined ? '' : (remote?.address ?? '')];
}

/** The same of a socket just accepted, where nothing else is wanted of it. */
export function ownerOfSocket(socket: Socket, listener: ListenAddress, spiffeId?: string): Owner {
  const connection = recordConnection(socket, listener);
  closeRecord(connection);
  return ownerOf(connection, spiffeId);
}

/** Lets go of what a record holds. */
export function closeRecord({ credentials }: Connection): void {
  credentials?.process?.close();
}

/** The connections of one server of grpc-js. */
export interface Connections {
  /** Records a socket just accepted. The record goes when the socket closes. */
  add(socket: Socket, listener: ListenAddress, peerCertificate?: Uint8Array): Connection;
  /** The connection of a call, by what `call.getPeer()` returned. */
  of(peer: string): Connection | undefined;
}

/**
 * Creates an empty record.
 *
 * grpc-js tells a handler only the remote address as text. So each connection's token is put where grpc-js looks for the address;
 * `call.getPeer()` returns it, and it leads back to the connection.
 */
export function createConnections(): Connections {
  const open = new Map<string, Connection>();
  return {
    add(socket, listener, peerCertificate) {
      const connection = recordConnection(socket, listener, peerCertificate);
      Object.defineProperty(socket, 'remoteAddress', { value: connection.token });
      Object.defineProperty(socket, 'remotePort', { value: undefined });
      open.set(connection.token, connection);
      socket.once('close', () => {
        open.delete(connection.token);
        closeRecord(connection);
      });
      return connection;
    },
    of: (peer) => open.get(peer),
  };
}
