/**
 * Counted edges of all deciders of this server since it was started; bounded, and what finds no row is counted still.
 * @module
 */
import type { CountedEdge, Edge, EdgeCounts } from '../../authz/record/edges.ts';
import type { CountedRequest } from '../../authz/record/request-rows.ts';

/** A row, and when it changed last by the table's own count of changes. */
export interface EdgeTotal extends CountedEdge {
  readonly change: number;
  /** What was asked for; what of `count` is not among these found no row, or is no HTTP. */
  readonly requests: readonly CountedRequest[];
}

/** How often a caller was denied in a namespace. */
export interface DeniedCaller {
  readonly caller: string;
  readonly namespace: string;
  readonly count: number;
  readonly change: number;
}

/** Checks that found no row. */
export interface EdgeOverflow {
  readonly allowed: number;
  readonly denied: number;
  /** Denied Checks whose caller is not among `deniedCallers`. */
  readonly deniedCallers: number;
}

/** The sums. */
export interface EdgeTable {
  /** Milliseconds since 1970: since when it counts. */
  readonly sinceAt: number;
  add(counts: EdgeCounts): void;
  edges(): readonly EdgeTotal[];
  deniedCallers(): readonly DeniedCaller[];
  readonly overflow: EdgeOverflow;
  /** How often it was added to: rows of that `change` changed last. */
  readonly changes: number;
  /** All Checks, with and without a row. */
  readonly checks: { readonly allowed: number; readonly denied: number };
}

export interface EdgeTableOptions {
  /** Rows of edges, and of denied callers; default 4,096. */
  readonly most?: number;
  /** Rows of requests, half of them for denied ones; default 32,768. */
  readonly mostRequests?: number;
  readonly sinceAt?: number;
}

/** What a decider elsewhere may report of names is a little more. */
const MOST_NAME_BYTES = { edges: 1024 * 1024, callers: 384 * 1024 } as const;

type Changing<T> = { -readonly [K in keyof T]: T[K] };

/** Creates an empty table. */
export function createEdgeTable({
  most = 4_096,
  mostRequests = 32_768,
  sinceAt = Date.now(),
}: EdgeTableOptions = {}): EdgeTable {
  const edges = new Map<string, EdgeRow>();
  const hasRequestRoom = createRequestRoom(mostRequests);
  const callers = new Map<string, Changing<DeniedCaller>>();
  const overflow: Changing<EdgeOverflow> = { allowed: 0, denied: 0, deniedCallers: 0 };
  const checks = { allowed: 0, denied: 0 };
  let changes = 0;
  /** Of names, of each kind of row. */
  const bytes = { edges: 0, callers: 0 };
  const hasRoom = (kind: keyof typeof bytes, rows: number, names: readonly string[]): boolean => {
    const more = names.reduce((sum, { length }) => sum + length, 0);
    if (rows >= most || bytes[kind] + more > MOST_NAME_BYTES[kind]) return false;
    bytes[kind] += more;
    return true;
  };

  const addRequests = (row: EdgeRow, requests: readonly CountedRequest[]): void => {
    for (const { method, path, count, lastAt } of requests) {
      const key = `${method} ${path}`;
      const known = row.requests.get(key);
      if (known !== undefined) {
        known.count += count;
        known.lastAt = Math.max(known.lastAt, lastAt);
      } else if (hasRequestRoom(row.decision, key.length)) row.requests.set(key, { method, path, count, lastAt });
    }
  };
  const addEdge = ({ count, lastAt, requests, ...edge }: CountedEdge): void => {
    const key = keyOf(edge);
    let row = edges.get(key);
    if (row !== undefined) {
      row.count += count;
      row.lastAt = Math.max(row.lastAt, lastAt);
      row.change = changes;
    } else if (hasRoom('edges', edges.size, [edge.caller, edge.destination, edge.namespace])) {
      row = { ...edge, count, lastAt, change: changes, requests: new Map() };
      edges.set(key, row);
    } else overflow[edge.decision === 'deny' ? 'denied' : 'allowed'] += count;
    if (row !== undefined && requests !== undefined) addRequests(row, requests);
  };
  const addDenied = ({ caller, namespace, count }: CountedEdge): void => {
    const key = JSON.stringify([caller, namespace]);
    const row = callers.get(key);
    if (row !== undefined) {
      row.count += count;
      row.change = changes;
    } else if (hasRoom('callers', callers.size, [caller, namespace]))
      callers.set(key, { caller, namespace, count, change: changes });
    else overflow.deniedCallers += count;
  };
  return {
    sinceAt,
    add({ edges: some, overflow: more }) {
      changes += 1;
      for (const edge of some) {
        checks[edge.decision === 'deny' ? 'denied' : 'allowed'] += edge.count;
        addEdge(edge);
        if (edge.decision === 'deny') addDenied(edge);
      }
      checks.allowed += more.allowed;
      checks.denied += more.denied;
      overflow.allowed += more.allowed;
      overflow.denied += more.denied;
      overflow.deniedCallers += more.denied;
    },
    edges: () => [...edges.values()].map((row) => ({ ...row, requests: [...row.requests.values()] })),
    deniedCallers: () => [...callers.values()],
    overflow,
    checks,
    get changes() {
      return changes;
    },
  };
}

type EdgeRow = Changing<Omit<EdgeTotal, 'requests'>> & { readonly requests: Map<string, Changing<CountedRequest>> };

/** Of methods and paths. */
const MOST_REQUEST_BYTES = 4 * 1024 * 1024;

/** Denied requests fill their own half alone: anybody can make those up. */
function createRequestRoom(most: number): (decision: 'allow' | 'deny', bytes: number) => boolean {
  const rows = { allow: 0, deny: 0 };
  const held = { allow: 0, deny: 0 };
  return (decision, bytes) => {
    if ((rows[decision] + 1) * 2 > most || (held[decision] + bytes) * 2 > MOST_REQUEST_BYTES) return false;
    rows[decision] += 1;
    held[decision] += bytes;
    return true;
  };
}

const keyOf = ({ caller, destination, namespace, port, protocol, decision }: Edge): string =>
  JSON.stringify([caller, destination, namespace, port, protocol, decision]);
