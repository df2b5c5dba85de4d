/**
 * The connections of one gRPC server, and who is at the other end of each.
 *
 * grpc-js tells a handler only the remote address as text. So each connection gets a token, put where grpc-js looks for the
 * address; `call.getPeer()` returns it, and it leads back to the connection.
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ListenAddress } from './listen-address.ts';
import { type PeerCredentials, peerCredentialsOf } from './peer-credentials.ts';

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

export interface Connections {
  /**
   * Records a socket just accepted. The record goes when the socket closes.
   * @param served  the socket that grpc-js gets and that shows the token: the same one unless something stands between
   */
  add(socket: Socket, served: Socket, listener: ListenAddress, peerCertificate?: Uint8Array): Connection;
  /** The connection of a call, by what `call.getPeer()` returned. */
  of(peer: string): Connection | undefined;
}

/** Other in every process, so that a token in a store or a log never means a connection of an earlier run. */
const epoch = randomBytes(4).toString('hex');
let count = 0;

/** Creates an empty record. */
export function createConnections(): Connections {
  const open = new Map<string, Connection>();
  return {
    add(socket, served, listener, peerCertificate) {
      count += 1;
      const { remoteAddress: address, remotePort: port } = socket;
      const connection: Connection = {
        token: `${epoch}-${count}`,
        listener,
        credentials: listener.kind === 'unix' ? peerCredentialsOf(socket) : undefined,
        remote: address === undefined || port === undefined ? undefined : { address, port },
        peerCertificate,
      };
      Object.defineProperty(served, 'remoteAddress', { value: connection.token });
      Object.defineProperty(served, 'remotePort', { value: undefined });
      open.set(connection.token, connection);
      socket.once('close', () => {
        open.delete(connection.token);
        connection.credentials?.process?.close();
      });
      return connection;
    },
    of: (peer) => open.get(peer),
  };
}
