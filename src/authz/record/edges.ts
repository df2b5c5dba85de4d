/**
 * Who asked for whom and what was said, counted at almost no cost to the Check.
 *
 * Callers and ports are what peers say, so the rows between two calls of `take` are bounded; what finds no row is counted still.
 * @module
 */
import { fromByteString } from '../../lib/byte-string.ts';
import type { Decision } from '../../policy/decision.ts';
import type { FoundDestination } from '../destination/destination.ts';
import {
  type AskedRequest,
  type CountedRequest,
  countedRequests,
  newRequestRows,
  RequestRoom,
  type RequestRows,
} from './request-rows.ts';

/** What was spoken: by the order of its number in a row's key. */
const protocols = ['unknown', 'http', 'tcp', 'udp'] as const;

/** How a request came, as far as it could be read. */
export type EdgeProtocol = (typeof protocols)[number];

/** Equal Checks. Plain data. */
export interface Edge {
  /** The first name of the peer; empty for none. */
  readonly caller: string;
  /** A SPIFFE ID; empty where none was found. */
  readonly destination: string;
  /** Of the destination. */
  readonly namespace: string;
  /** -1: none was named. */
  readonly port: number;
  readonly protocol: EdgeProtocol;
  readonly decision: Decision['effect'];
}

export interface CountedEdge extends Edge {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  /** Of these what was asked for; the others found no row, or are no HTTP. */
  readonly requests?: readonly CountedRequest[];
}

/** Counts since the last `take`. Plain data. */
export interface EdgeCounts {
  readonly edges: readonly CountedEdge[];
  /** Checks that found no room among `edges`. */
  readonly overflow: { readonly allowed: number; readonly denied: number };
}

/** What there is to know of a question when it has been answered. */
export interface AskedEdge {
  readonly callerName: string;
  readonly destination: FoundDestination | undefined;
  /** -1: none was named. */
  readonly port: number;
  readonly protocol: EdgeProtocol;
  /** Undefined where it is no HTTP. */
  readonly asked?: AskedRequest | undefined;
}

interface Row {
  count: number;
  lastAt: number;
  requests: RequestRows | undefined;
}

interface Callee {
  readonly destination: string;
  readonly namespace: string;
  /** By port, protocol and decision. */
  readonly rows: Map<number, Row>;
}

const MOST_ROWS = 4_096;
/** A SPIFFE ID has at most 2,048 (SPIFFE-ID §2.3). */
const LONGEST_NAME = 2_048;
const MOST_NAME_BYTES = 1024 * 1024;

/** Counts the Checks of one decider; `most` rows at a time. */
export class EdgeCounters {
  readonly #most: number;
  #byCaller = new Map<string, Map<string, Callee>>();
  #rows = 0;
  #nameBytes = 0;
  #overflow = { allowed: 0, denied: 0 };
  readonly #room = new RequestRoom();

  constructor(most: number = MOST_ROWS) {
    this.#most = most;
  }

  /** Counts one Check. */
  count({ callerName, destination, port, protocol, asked }: AskedEdge, { effect }: Decision, nowMs: number): void {
    const key = ((port + 1) * protocols.length + protocols.indexOf(protocol)) * 2 + (effect === 'deny' ? 1 : 0);
    const spiffeId = destination?.spiffeId ?? '';
    const namespace = destination?.namespace ?? '';
    let callee = this.#byCaller.get(callerName)?.get(spiffeId);
    // The same workload under another namespace, which another configuration gave it meanwhile.
    if (callee !== undefined && callee.namespace !== namespace)
      callee = this.#byCaller.get(callerName)?.get(`${spiffeId} ${namespace}`);
    const row = callee?.rows.get(key) ?? this.#newRow(callerName, spiffeId, namespace, key);
    if (row === undefined) return;
    row.count++;
    row.lastAt = nowMs;
    if (asked === undefined) return;
    row.requests ??= newRequestRows();
    this.#room.count(row.requests, asked, effect, nowMs);
  }

  /** Undefined where there is no room for it. */
  #newRow(caller: string, destination: string, namespace: string, key: number): Row | undefined {
    const bytes = caller.length + destination.length + namespace.length;
    if (this.#rows >= this.#most || caller.length > LONGEST_NAME || this.#nameBytes + bytes > MOST_NAME_BYTES) {
      if (key % 2 === 1) this.#overflow.denied++;
      else this.#overflow.allowed++;
      return undefined;
    }
    this.#rows++;
    this.#nameBytes += bytes;
    const callees = this.#byCaller.get(caller) ?? new Map<string, Callee>();
    this.#byCaller.set(caller, callees);
    let name = destination;
    if (callees.get(name) !== undefined && callees.get(name)?.namespace !== namespace) name += ` ${namespace}`;
    const callee = callees.get(name) ?? { destination, namespace, rows: new Map<number, Row>() };
    callees.set(name, callee);
    const row = { count: 0, lastAt: 0, requests: undefined };
    callee.rows.set(key, row);
    return row;
  }

  /** What was counted since the last call; counting begins anew. */
  take(): EdgeCounts {
    const edges: CountedEdge[] = [];
    for (const [caller, callees] of this.#byCaller)
      for (const { destination, namespace, rows } of callees.values())
        for (const [key, { requests, ...row }] of rows)
          edges.push({
            ...{ caller: fromByteString(caller), destination, namespace, ...partsOf(key), ...row },
            ...(requests && { requests: countedRequests(requests) }),
          });
    const counts: EdgeCounts = { edges, overflow: this.#overflow };
    this.#byCaller = new Map();
    this.#room.clear();
    this.#rows = 0;
    this.#nameBytes = 0;
    this.#overflow = { allowed: 0, denied: 0 };
    return counts;
  }
}

function partsOf(key: number): Pick<Edge, 'port' | 'protocol' | 'decision'> {
  const rest = Math.floor(key / 2);
  return {
    port: Math.floor(rest / protocols.length) - 1,
    protocol: protocols[rest % protocols.length] ?? 'unknown',
    decision: key % 2 === 1 ? 'deny' : 'allow',
  };
}
