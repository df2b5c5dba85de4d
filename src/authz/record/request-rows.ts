/**
 * What was asked for on one edge: methods and shapes of paths, counted.
 *
 * Paths are what peers say, so the rows between two reports are bounded, those of denied requests apart from the others; what finds no row
 * is counted with its edge still.
 * @module
 */
import { fromByteString } from '../../lib/byte-string.ts';

/** Equal requests of one edge. Plain data. */
export interface CountedRequest {
  readonly method: string;
  /** The shape of the path, as `paths` of an AuthorizationPolicy say it. */
  readonly path: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/** What there is to know of a request. */
export interface AskedRequest {
  readonly method: string;
  /** As it came; undefined: it has none, or could not be read. */
  readonly path: string | undefined;
  /** Called for a path that is not known yet. */
  shape(): string;
}

interface Row {
  count: number;
  lastAt: number;
}

/** The rows of one edge. */
export interface RequestRows {
  /** By method, by the path as it came: several lead to one row. */
  readonly byPath: Map<string, Map<string, Row>>;
  /** By method and shape. */
  readonly byShape: Map<string, { readonly method: string; readonly path: string; readonly row: Row }>;
}

export const newRequestRows = (): RequestRows => ({ byPath: new Map(), byShape: new Map() });

const MOST_ROWS = 8_192;
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_PATHS = 16_384;
const LONGEST_METHOD = 32;
const LONGEST_PATH = 512;

/** What rows there is room for, of all edges of one decider. */
export class RequestRoom {
  readonly #most: number;
  #rows = { allow: 0, deny: 0 };
  #bytes = { allow: 0, deny: 0 };
  #paths = 0;

  constructor(most: number = MOST_ROWS) {
    this.#most = most;
  }

  /** Counts one request. */
  count(rows: RequestRows, request: AskedRequest, effect: 'allow' | 'deny', nowMs: number): void {
    const { method, path } = request;
    if (path === undefined) return;
    const row = rows.byPath.get(method)?.get(path) ?? this.#rowOf(rows, request, path, effect);
    if (row === undefined) return;
    row.count++;
    row.lastAt = nowMs;
  }

  #rowOf(rows: RequestRows, request: AskedRequest, path: string, effect: 'allow' | 'deny'): Row | undefined {
    const { method } = request;
    if (path.length > LONGEST_PATH || method.length > LONGEST_METHOD) return undefined;
    const shape = request.shape();
    const key = `${method} ${shape}`;
    let found = rows.byShape.get(key);
    if (found === undefined) {
      if (!this.#hasRoom(effect, key.length)) return undefined;
      found = { method, path: shape, row: { count: 0, lastAt: 0 } };
      rows.byShape.set(key, found);
    }
    if (this.#paths < MOST_PATHS) {
      this.#paths++;
      const paths = rows.byPath.get(method) ?? new Map<string, Row>();
      rows.byPath.set(method, paths.set(path, found.row));
    }
    return found.row;
  }

  #hasRoom(effect: 'allow' | 'deny', bytes: number): boolean {
    if (this.#rows[effect] * 2 >= this.#most || (this.#bytes[effect] + bytes) * 2 > MOST_BYTES) return false;
    this.#rows[effect]++;
    this.#bytes[effect] += bytes;
    return true;
  }

  /** Nothing is held any more. */
  clear(): void {
    this.#rows = { allow: 0, deny: 0 };
    this.#bytes = { allow: 0, deny: 0 };
    this.#paths = 0;
  }
}

/** The rows as they are told. */
export const countedRequests = ({ byShape }: RequestRows): readonly CountedRequest[] =>
  [...byShape.values()].map(({ method, path, row }) => ({
    method: fromByteString(method),
    path: fromByteString(path),
    ...row,
  }));
