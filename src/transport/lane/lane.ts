/**
 * The lane: an HTTP/2 server for gRPC over any Duplex, and for nothing else (design D9).
 * @module
 */

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GatehouseError } from '../../errors.ts';
import type { GrpcMethod } from '../grpc-methods.ts';
import type { Owner } from '../shares.ts';
import type { Connection } from './connection/connection.ts';
import { startDrain, stopCalls } from './connection/drain.ts';
import { createInflate } from './connection/inflate.ts';
import type { Shared } from './connection/shared.ts';
import { createLaneCounts, type LaneCounts } from './counts.ts';
import { defaultLimits, type LaneLimits } from './limits.ts';
import { abandonUnread, evictFor, freeHeldBytes } from './make-room.ts';
import type { LaneMethod } from './method.ts';
import { HeadReader } from './request/request-head.ts';
import { serveConnection } from './serve-connection.ts';
import { createSweepTimer, type SweepTimer } from './sweep-timer.ts';

/** What a lane serves, and whom it tells. */
export interface LaneDeps<P> {
  /** The fast path, by full path, e.g. `/envoy.service.auth.v3.Authorization/Check`. */
  readonly methods?: ReadonlyMap<string, LaneMethod<P>>;
  /** The others; they get as their `connection` what was given to `accept`. */
  readonly calls?: readonly GrpcMethod<P>[];
  /** What differs from `defaultLimits`. */
  readonly limits?: Partial<LaneLimits>;
  readonly counts?: LaneCounts;
  /** Hears what a method threw, or what broke in the lane itself: a fault of ours, never of a peer's. */
  readonly failed?: (thrown: unknown) => void;
  /** Told what was given to `accept` when that connection is over, also when it was not let in. */
  readonly gone?: (peer: P) => void;
  /** Hears every error that one of `calls` threw; expected refusals are among them. */
  readonly callFailed?: (path: string, error: GatehouseError, peer: P) => void;
  /** Milliseconds of a clock that does not go back; `performance.now` unless told. */
  readonly now?: () => number;
}

/** A running lane. Disposing it cuts every connection. */
export interface Lane<P> extends AsyncDisposable {
  readonly counts: LaneCounts;
  /** Serves a connection that was just accepted; the lane owns the socket from here on. @param owner  whose share it counts to */
  accept(socket: Duplex, peer: P, owner?: Owner): void;
  /** Tells all peers to go, answers what they have asked, ends calls that stream with UNAVAILABLE, and resolves when all are gone, soon after `graceMs` at the latest. */
  drain(graceMs?: number): Promise<void>;
}

/** What one read takes at most. */
const INPUT_BYTES = 65_536;
/** A peer that is gone without a word is noticed by TCP. */
const KEEPALIVE_MS = 60_000;

const NOBODY: Owner = ['', ''];

/** Creates a lane without a listener: whoever listens hands it the sockets. */
export function createLane<P>(deps: LaneDeps<P>): Lane<P> {
  const { counts = createLaneCounts() } = deps;
  const connections = new Set<Connection<P>>();
  const emptied: (() => void)[] = [];
  let isStopping = false;
  const lane = createShared(deps, counts, connections);
  const { limits, timer } = lane;
  const untilEmpty = (): Promise<void> => new Promise((resolve) => void emptied.push(resolve));
  const gone = (connection: Connection<P>): void => {
    connections.delete(connection);
    deps.gone?.(connection.peer);
    counts.connections = connections.size;
    if (connections.size > 0) return;
    timer.stop();
    for (const done of emptied.splice(0)) done();
  };
  return {
    counts,
    accept(socket, peer, owner = NOBODY) {
      if (socket.destroyed) return deps.gone?.(peer);
      if (isStopping || (connections.size >= limits.connections && !evictFor(connections, owner))) {
        if (!isStopping) counts.hostile.connections_full += 1;
        socket.on('error', () => {});
        socket.destroy();
        return deps.gone?.(peer);
      }
      if (socket instanceof Socket) socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
      connections.add(serveConnection(lane, socket, peer, owner, gone));
      counts.connections = connections.size;
      counts.connectionsOpened += 1;
      timer.start();
    },
    async drain(graceMs = limits.drainMs) {
      isStopping = true;
      for (const connection of connections) startDrain(connection, graceMs);
      if (connections.size === 0) return;
      // Calls may still say what they just heard, such as NOT_SERVING.
      setImmediate(() => {
        for (const connection of connections) stopCalls(connection);
      });
      timer.hurry();
      await untilEmpty();
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      for (const connection of connections) connection.socket.destroy();
      if (connections.size > 0) await untilEmpty();
    },
  };
}

/** What the connections of a lane have in common, and the timer that looks at them. */
function createShared<P>(
  deps: LaneDeps<P>,
  counts: LaneCounts,
  connections: ReadonlySet<Connection<P>>,
): Shared<P> & { readonly timer: SweepTimer } {
  const { methods = new Map(), calls = [], now = () => performance.now() } = deps;
  const limits: LaneLimits = Object.freeze({ ...defaultLimits, ...deps.limits });
  const timer = createSweepTimer({ connections, now, quietTickMs: limits.quietTickMs });
  const callsByPath = new Map(calls.map((method) => [method.path, method]));
  const lane: Shared<P> & { readonly timer: SweepTimer } = {
    limits,
    counts,
    heads: new HeadReader(methods, limits.headerListBytes, callsByPath),
    inflate: createInflate(limits.messageBytes, limits.inflating),
    outputs: [],
    input: Buffer.allocUnsafeSlow(INPUT_BYTES),
    now,
    failed: deps.failed ?? (() => undefined),
    callFailed: deps.callFailed ?? (() => undefined),
    held: 0,
    unread: 0,
    makeRoom: (asking, size) => freeHeldBytes(connections, lane, asking, size),
    shedUnread: () => abandonUnread(connections, lane),
    soon: timer.soon,
    timer,
  };
  return lane;
}
