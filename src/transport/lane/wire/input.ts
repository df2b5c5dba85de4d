/**
 * How the bytes of a connection come in.
 * @module
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { readInto } from '../../listen/read-into.ts';

/** Whether writes and reads of a socket are system calls and nothing else. */
export function isPlain(socket: Duplex): socket is Socket {
  return socket instanceof Socket && !(socket instanceof TLSSocket);
}

/** Lets `read` hear what comes; plain sockets read into `buffer`, which is theirs together. Returns the socket to use from now on. */
export function openInput(socket: Duplex, buffer: Buffer, read: (bytes: Buffer) => void): Duplex {
  const own = isPlain(socket) ? readInto(socket, buffer, read) : undefined;
  if (own === undefined) socket.on('data', read);
  return own ?? socket;
}
