/**
 * The lane: an HTTP/2 server for gRPC over any Duplex, and for nothing else (design D9).
 * @module
 */

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GatehouseError } from '../../errors.ts';
import type { GrpcMethod } from '../grpc-methods.ts';
import { crowdFor, leastBy, type Owner } from '../shares.ts';
import { Connection } from './connection/connection.ts';
import { createInflate } from './connection/inflate.ts';
import type { Shared } from './connection/shared.ts';
import { createLaneCounts, type LaneCounts } from './counts.ts';
import { defaultLimits, type LaneLimits } from './limits.ts';
import type { LaneMethod } from './method.ts';
import { HeadReader } from './request/request-head.ts';
import { isBusy, isIdle, sweep } from './sweep.ts';

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

export interface Lane<P> extends AsyncDisposable {
  readonly counts: LaneCounts;
  /** Serves a connection that was just accepted; the lane owns the socket from here on. @param owner  whose share it counts to */
  accept(socket: Duplex, peer: P, owner?: Owner): void;
  /** Tells all peers to go, answers what they have asked, ends calls that stream with UNAVAILABLE, and resolves when all are gone, soon after `graceMs` at the latest. */
  drain(graceMs?: number): Promise<void>;
}

/** How often connections are looked at while something waits. */
const BUSY_TICK_MS = 50;
/** What one read takes at most. */
const INPUT_BYTES = 65_536;
/** A peer that is gone without a word is noticed by TCP. */
const KEEPALIVE_MS = 60_000;

const NOBODY: Owner = ['', ''];

/** Creates a lane without a listener: whoever listens hands it the sockets. */
export function createLane<P>(deps: LaneDeps<P>): Lane<P> {
  const limits: LaneLimits = Object.freeze({ ...defaultLimits, ...deps.limits });
  const counts = deps.counts ?? createLaneCounts();
  const now = deps.now ?? (() => performance.now());
  const links = new Set<Connection<P>>();
  const emptied: (() => void)[] = [];
  let draining = false;
  let timer: NodeJS.Timeout | undefined;
  let quiet = true;

  const shared: Shared<P> = {
    limits,
    counts,
    heads: new HeadReader(
      deps.methods ?? new Map(),
      limits.headerListBytes,
      new Map((deps.calls ?? []).map((method) => [method.path, method])),
    ),
    inflate: createInflate(limits.messageBytes, limits.inflating),
    outputs: [],
    input: Buffer.allocUnsafeSlow(INPUT_BYTES),
    now,
    failed: deps.failed ?? (() => undefined),
    callFailed: deps.callFailed ?? (() => undefined),
    held: 0,
    unread: 0,
    makeRoom,
    shedUnread,
    soon: () => {
      if (quiet) schedule(BUSY_TICK_MS);
    },
  };

  function schedule(delay: number): void {
    clearTimeout(timer);
    quiet = delay !== BUSY_TICK_MS;
    timer = setTimeout(tick, delay);
    timer.unref();
  }

  function tick(): void {
    timer = undefined;
    quiet = true;
    const time = now();
    let busy = draining;
    for (const link of links) {
      sweep(link, time);
      busy ||= isBusy(link);
    }
    if (links.size > 0) schedule(busy ? BUSY_TICK_MS : limits.quietTickMs);
  }

  /**
   * Makes room for one more of `owner`: of those who have most, the connection that has been idle longest goes, else the oldest of
   * those that have brought no call yet, else, where the newcomer has less than they have, the one that was quiet longest.
   */
  function evict(owner: Owner): boolean {
    const open = [...links].filter(({ phase }) => phase !== 'closing');
    const { members, mustGive } = crowdFor(open, owner);
    const evicted =
      leastBy(members.filter(isIdle), ({ activeAt }) => activeAt) ??
      leastBy(
        members.filter(({ calls }) => calls === 0),
        ({ openedAt }) => openedAt,
      ) ??
      (mustGive ? leastBy(members, ({ activeAt }) => activeAt) : undefined);
    evicted?.abandon('connections_full');
    return evicted !== undefined;
  }

  function makeRoom(asking: Connection<P>, size: number): boolean {
    const most = leastBy([...links], ({ held }) => -held);
    if (most === undefined || most === asking) return false;
    most.shed(Math.max(size, limits.heldBytes / 8));
    return shared.held + size <= limits.heldBytes;
  }

  function shedUnread(): void {
    while (shared.unread > limits.unreadBytes) {
      const most = leastBy([...links], ({ unread }) => -unread);
      if (most === undefined || most.unread === 0) return;
      most.abandon('unread_output');
    }
  }

  function gone(link: Connection<P>): void {
    links.delete(link);
    deps.gone?.(link.peer);
    counts.connections = links.size;
    if (links.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
    for (const done of emptied.splice(0)) done();
  }

  async function drain(graceMs = limits.drainMs): Promise<void> {
    draining = true;
    for (const link of links) link.drain(graceMs);
    if (links.size === 0) return;
    // Calls may still say what they just heard, such as NOT_SERVING.
    setImmediate(() => {
      for (const link of links) link.stopCalls();
    });
    schedule(BUSY_TICK_MS);
    timer?.ref();
    await new Promise<void>((resolve) => emptied.push(resolve));
  }

  return {
    counts,
    accept(socket, peer, owner = NOBODY) {
      if (socket.destroyed) return deps.gone?.(peer);
      if (draining || (links.size >= limits.connections && !evict(owner))) {
        if (!draining) counts.hostile.connections_full += 1;
        socket.on('error', () => {});
        socket.destroy();
        return deps.gone?.(peer);
      }
      if (socket instanceof Socket) socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
      const link: Connection<P> = new Connection(shared, socket, peer, owner, () => gone(link));
      links.add(link);
      counts.connections = links.size;
      counts.connectionsOpened += 1;
      if (timer === undefined) schedule(limits.quietTickMs);
    },
    drain,
    async [Symbol.asyncDispose]() {
      draining = true;
      for (const link of links) link.socket.destroy();
      if (links.size > 0) await new Promise<void>((resolve) => emptied.push(resolve));
    },
  };
}
