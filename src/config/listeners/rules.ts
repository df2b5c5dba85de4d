/**
 * What listeners must keep to: with a role that serves them, each at a place of its own, and plain TCP only where nobody else listens in.
 * @module
 */
import type { Config, Role } from '../config.ts';
import type { Problem } from '../finding.ts';
import type { TcpListener, UnixListener } from './listen-config.ts';
import { isLoopback } from './loopback.ts';
import { type ListenerName, listenersOf, type NamedListener } from './table.ts';

/** What `sockaddr_un` holds besides the final zero byte. */
const MAX_SOCKET_PATH_BYTES = 107;

/** What is said of a listener that only another role serves. */
const needs: Readonly<Record<Role, Pick<Problem, 'message' | 'fix'>>> = {
  decider: {
    message: 'HTTP callers are answered by deciders, and this server has not that role',
    fix: 'add decider to roles, or drop it',
  },
  authority: {
    message: 'only a server with the authority role has this to offer',
    fix: 'add the role, or drop it',
  },
};

/** Why callers cannot be known by plain TCP, not even on loopback. */
const neverPlain: Readonly<Partial<Record<ListenerName, string>>> = {
  feed: 'deciders are known by their certificates, never by a plain TCP connection',
  admin: 'the admin API knows its callers by a unix socket or by mTLS, never by a plain TCP connection',
};

/** Listeners that this server has nothing to serve at. */
export function* unservedProblems({ listen, roles }: Config): Iterable<Problem> {
  for (const { row, path } of listenersOf(listen)) {
    if (!row.optional || row.role === undefined || roles.includes(row.role)) continue;
    yield { code: 'contradiction', path, ...needs[row.role] };
  }
}

/** Places that two listeners share, that are too long, or where others could listen in. */
export function* listenerProblems({ listen, workloads }: Config): Iterable<Problem> {
  const sockets: [path: Problem['path'], listener: UnixListener][] = [];
  const ports = new Set<string>();
  for (const { name, path, at } of listenersOf(listen)) {
    if (at.kind === 'unix') sockets.push([path, at]);
    else {
      yield* plainProblems(name, path, at);
      yield* portProblems(path, at, ports);
    }
  }
  for (const [i, { socket }] of workloads.entries()) if (socket) sockets.push([['workloads', i, 'socket'], socket]);
  const seen = new Set<string>();
  for (const [path, socket] of sockets) {
    const bytes = Buffer.byteLength(socket.path);
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      const message = `the socket path ${socket.path} has ${bytes} bytes, and a unix socket can have ${MAX_SOCKET_PATH_BYTES}`;
      yield { code: 'socket-path-too-long', path, message, fix: 'choose a shorter one' };
    }
    if (seen.has(socket.path)) {
      yield { code: 'twice', path, message: `${socket.path} is used by two listeners`, fix: 'give each its own' };
    }
    seen.add(socket.path);
  }
}

/** @param seen  addresses of the listeners before; of one port of several addresses only the kernel knows */
function* portProblems(path: Problem['path'], { host, port }: TcpListener, seen: Set<string>): Iterable<Problem> {
  const address = `${host}:${port}`;
  if (port !== 0 && seen.has(address)) {
    yield { code: 'twice', path, message: `${address} is used by two listeners`, fix: 'give each its own' };
  }
  seen.add(address);
}

function* plainProblems(
  name: NamedListener['name'],
  path: Problem['path'],
  { host, tls }: TcpListener,
): Iterable<Problem> {
  if (tls) return;
  const message = neverPlain[name];
  if (message !== undefined) {
    yield { code: 'not-authenticated', path, message, fix: 'leave tls out, or listen on a unix socket' };
  } else if (!isLoopback(host)) {
    yield {
      code: 'not-loopback',
      path,
      message: `${host} is not loopback, so others could listen in and pretend to be us`,
      fix: 'leave tls out, or listen on 127.0.0.1, [::1] or a unix socket',
    };
  }
}
