/**
 * Where to listen.
 * @module
 */
import type { Server } from 'node:net';

/** A socket in the file system. */
export interface UnixAddress {
  readonly kind: 'unix';
  /** Absolute, at most 107 bytes. */
  readonly path: string;
  /** Permission bits, e.g. 0o666. */
  readonly mode: number;
  /** Name or number; absent: the server's own. */
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** Make missing parent directories (0755). */
  readonly makeParents: boolean;
  /** What attests the caller: the peer's credentials, or that it could open this very path. */
  readonly attests: 'peer' | 'path';
}

/** A port. */
export interface TcpAddress {
  readonly kind: 'tcp';
  /** An IP address or a name. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Its connections are to be secured by mutual TLS. */
  readonly tls: boolean;
}

/** What `listen` takes. */
export type ListenAddress = UnixAddress | TcpAddress;

/** How to accept. */
export interface ListenOptions {
  /** Accept without reading a byte, so that a connection can be handed to another process whole. */
  readonly pauseOnConnect?: boolean;
}

/** A bound, listening server; `address` is the one really bound. Disposing it stops accepting, not its connections. */
export interface Listener extends AsyncDisposable {
  readonly server: Server;
  readonly address: ListenAddress;
}

/** As the configuration writes it: `unix:/run/workload.sock`, `127.0.0.1:9191`, `[::1]:9191`. */
export function textOfAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
