/**
 * How many connections each listener may have, so that all of them together leave descriptors for files, stores and processes.
 * @module
 */
import type { ListenerLabel } from '../../config/listeners/table.ts';
import { descriptorLimit } from '../../transport/descriptors.ts';

/** A listener by its label; `check` is the primary's side of `ext-authz`. */
type LimitedListener = ListenerLabel | 'check';

interface Room {
  /** Where the limit on descriptors allows it. */
  readonly connections: number;
  /** Descriptors of one: over unix sockets a handle on the peer's process besides; a handshake before it, and a copy meanwhile. */
  readonly each: number;
  /** The part of what its process has for connections. */
  readonly share: number;
}

/** `check` is where the primary accepts for its deciders; `ext-authz` is one decider, and `http-auth`, `bundle` and `oidc` are served too by a process of their own each. */
const rooms: Readonly<Record<LimitedListener, Room>> = {
  'workload-api': { connections: 16_384, each: 2, share: 0.45 },
  feed: { connections: 1_024, each: 2, share: 0.1 },
  'istio-ca': { connections: 1_024, each: 2, share: 0.1 },
  xds: { connections: 2_048, each: 2, share: 0.1 },
  'access-log': { connections: 2_048, each: 2, share: 0.05 },
  check: { connections: 1_024, each: 1, share: 0.1 },
  health: { connections: 256, each: 2, share: 0.05 },
  admin: { connections: 128, each: 2, share: 0.05 },
  admission: { connections: 128, each: 2, share: 0.05 },
  'ext-authz': { connections: 1_024, each: 2, share: 1 },
  'http-auth': { connections: 1_024, each: 2, share: 1 },
  bundle: { connections: 1_024, each: 2, share: 1 },
  oidc: { connections: 1_024, each: 2, share: 1 },
};

/** Kept for all else, or a quarter where there are few. */
const RESERVE = 512;

/** The most connections of a listener, at least four. @param limit  descriptors that the process may have */
export function connectionLimit(listener: LimitedListener, limit = descriptorLimit()): number {
  const { connections, each, share } = rooms[listener];
  const free = limit - Math.min(RESERVE, limit / 4);
  return Math.max(4, Math.min(connections, Math.floor((free * share) / each)));
}
