/**
 * What the lane counts: plain numbers that whoever shows metrics reads when asked.
 * @module
 */

/** Kinds of hostile or broken behaviour: each has a limit (limits.ts, allowance.ts), and a counter by this name. */
const hostileKinds = [
  'reset_flood',
  'provoked_resets',
  'refused_streams',
  'ping_flood',
  'settings_flood',
  'priority_flood',
  'window_update_flood',
  'small_frames',
  'ignored_frames',
  'continuation_flood',
  'header_block_size',
  'header_list_size',
  'hpack_invalid',
  'request_malformed',
  'message_size',
  'inflate_failed',
  'held_bytes',
  'window_overflow',
  'window_exceeded',
  'window_stalled',
  'unread_output',
  'preface_late',
  'frame_late',
  'request_late',
  'connection_idle',
  'connections_full',
  'not_http2',
  'frame_size',
  'frame_invalid',
  'stream_closed',
] as const;

/** One of them: the label `kind` of `gatehouse_lane_hostile_total`. */
export type HostileKind = (typeof hostileKinds)[number];

/** The counters of one lane; but for `connections` they only rise. */
export interface LaneCounts {
  /** How many are open. */
  connections: number;
  connectionsOpened: number;
  /** Calls that a handler answered with a message. */
  calls: number;
  /** Calls answered with a gRPC status other than OK. */
  refusals: number;
  /** Requests that were not gRPC. */
  notGrpc: number;
  /** Handlers that threw, which none should. */
  handlerFailures: number;
  resetsReceived: number;
  resetsSent: number;
  readonly hostile: Record<HostileKind, number>;
}

/** Creates counters that are all zero. */
export function createLaneCounts(): LaneCounts {
  return {
    connections: 0,
    connectionsOpened: 0,
    calls: 0,
    refusals: 0,
    notGrpc: 0,
    handlerFailures: 0,
    resetsReceived: 0,
    resetsSent: 0,
    // Every kind of the closed list gets its zero.
    hostile: Object.fromEntries(hostileKinds.map((kind) => [kind, 0])) as Record<HostileKind, number>,
  };
}

/** What has been counted since it was asked last, zeros left out; `connections` is how many there are. */
export interface LaneTally {
  readonly connections: number;
  readonly refusals: number;
  readonly notGrpc: number;
  readonly hostile: readonly (readonly [kind: HostileKind, count: number])[];
}

/** Creates the function that takes a tally of `counts`. */
export function createLaneTally(counts: LaneCounts): () => LaneTally {
  let told = structuredClone(counts);
  return () => {
    const since = told;
    told = structuredClone(counts);
    const rise = (kind: HostileKind): number => told.hostile[kind] - since.hostile[kind];
    return {
      connections: told.connections,
      refusals: told.refusals - since.refusals,
      notGrpc: told.notGrpc - since.notGrpc,
      hostile: hostileKinds.filter((kind) => rise(kind) > 0).map((kind) => [kind, rise(kind)]),
    };
  };
}
