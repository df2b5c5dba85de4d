/**
 * The connections of an HTTP listener: how many there may be, and how long each may take. Node's own timeouts work only on servers
 * that listen themselves.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createTicks, type Ticks } from '../../lib/ticks.ts';
import { createLaneCounts, createLaneTally, type HostileKind, type LaneTally } from '../../transport/lane/counts.ts';
import { candidatesFor, leastBy, type Owner } from '../../transport/shares.ts';

export interface HttpLimits {
  /** Open at a time; then whoever has most gives one that waits. */
  readonly connections: number;
  /** From the connection, or the end of the answer before, to the end of a request's head. */
  readonly headMs: number;
  /** How long a connection that had an answer may wait before the next request begins, where that is longer. */
  readonly idleMs: number;
  /** From there to the end of its body. */
  readonly bodyMs: number;
  /** How long an answer may wait for the peer to read any of it. */
  readonly unreadMs: number;
  /** Requests of one connection that are not answered yet. */
  readonly requests: number;
  readonly sweepMs: number;
}

export const defaultHttpLimits: HttpLimits = Object.freeze({
  connections: 256,
  headMs: 10_000,
  idleMs: 0,
  bodyMs: 30_000,
  unreadMs: 30_000,
  requests: 16,
  sweepMs: 1_000,
});

export interface HttpConnections extends Disposable {
  /** Takes a connection in, which may cost another its place. False: it was closed, as there is no room. */
  add(socket: Socket, owner: Owner): boolean;
  /** Notes a request. False: its connection was closed, as it has too many. */
  asked(request: IncomingMessage, response: ServerResponse): boolean;
  /** Notes a request that is answered at once. False: its connection was closed. */
  answered(socket: Socket): boolean;
  takeTally(): LaneTally;
}

interface Link {
  readonly socket: Socket;
  readonly owner: Owner;
  /** Since when no request is under way, or the last one is. */
  since: number;
  /** Requests without an answer. */
  open: number;
  /** The request whose body is not here yet. */
  reading: IncomingMessage | undefined;
  unread: number;
  unreadSince: number;
  /** Bytes that had come when the last answer was out; undefined before the first. */
  answeredAtByte: number | undefined;
}

/** Creates an empty book. @param ticks  heard only while there are connections */
export function createHttpConnections(given: Partial<HttpLimits> = {}, ticks?: Ticks): HttpConnections {
  const limits = { ...defaultHttpLimits, ...given };
  const sweeps = ticks ?? createTicks(limits.sweepMs);
  let endSweeps: (() => void) | undefined;
  const counts = createLaneCounts();
  const links = new Map<Socket, Link>();
  const forget = (socket: Socket): void => {
    links.delete(socket);
    counts.connections = links.size;
    if (links.size > 0) return;
    endSweeps?.();
    endSweeps = undefined;
  };
  const close = ({ socket }: Link, kind: HostileKind): void => {
    counts.hostile[kind] += 1;
    forget(socket);
    socket.destroy();
  };
  const makeRoom = (owner: Owner): boolean => {
    const { members, mustGive } = candidatesFor([...links.values()], owner);
    const idle = members.filter(({ open }) => open === 0);
    const given = leastBy(mustGive && idle.length === 0 ? members : idle, ({ since }) => since);
    if (given !== undefined) close(given, 'connections_full');
    return given !== undefined;
  };
  const sweep = (): void => {
    const now = performance.now();
    for (const link of links.values()) {
      const kind = lateBy(link, limits, now);
      if (kind !== undefined) close(link, kind);
    }
  };
  return {
    add(socket, owner) {
      if (links.size >= limits.connections && !makeRoom(owner)) {
        counts.hostile.connections_full += 1;
        socket.destroy();
        return false;
      }
      const since = performance.now();
      links.set(socket, {
        socket,
        owner,
        since,
        open: 0,
        reading: undefined,
        unread: 0,
        unreadSince: since,
        answeredAtByte: undefined,
      });
      counts.connections = links.size;
      endSweeps ??= sweeps.subscribe(sweep);
      socket.once('close', () => forget(socket));
      return true;
    },
    asked(request, response) {
      const link = links.get(request.socket);
      if (link === undefined) return !request.socket.destroyed;
      if (link.open >= limits.requests) {
        close(link, 'refused_streams');
        return false;
      }
      link.open += 1;
      link.since = performance.now();
      link.reading = request;
      response.once('close', () => {
        link.open -= 1;
        link.since = performance.now();
        link.answeredAtByte = link.socket.bytesRead;
      });
      return true;
    },
    answered(socket) {
      const link = links.get(socket);
      if (link === undefined) return false;
      link.since = performance.now();
      link.answeredAtByte = socket.bytesRead;
      return true;
    },
    takeTally: createLaneTally(counts),
    [Symbol.dispose]: () => endSweeps?.(),
  };
}

/** What a connection has waited too long for; undefined: nothing. */
function lateBy(link: Link, { headMs, idleMs, bodyMs, unreadMs }: HttpLimits, now: number): HostileKind | undefined {
  const { socket, open, since, reading } = link;
  if (open === 0 && socket.bytesRead === link.answeredAtByte && now - since <= idleMs) return undefined;
  if (open === 0 && link.answeredAtByte !== undefined && idleMs > headMs) {
    link.since = now; // a request has begun
    link.answeredAtByte = undefined;
  } else if (open === 0 && now - since > headMs) return 'request_late';
  if (open > 0 && reading?.complete === false && now - since > bodyMs) return 'request_late';
  const unread = socket.writableLength;
  if (unread === 0 || unread < link.unread || link.unread === 0) link.unreadSince = now;
  link.unread = unread;
  return now - link.unreadSince > unreadMs ? 'unread_output' : undefined;
}
