/**
 * Reads a request's header fields: checks them as RFC 9113 §8 asks, and keeps the few that a gRPC call needs.
 * @module
 */

import type { FieldSink } from '../hpack/decoder.ts';

/** What to do with a request, as its header fields say. */
export type HeadVerdict = 'call' | 'unknown_method' | 'not_grpc' | 'not_post' | 'malformed' | 'too_large';

/** The fields of a request that matter. Immutable, shared by all requests whose header block is the same. */
export interface RequestHead<M, C = never> {
  readonly verdict: HeadVerdict;
  /** Byte string. */
  readonly path: string;
  /** What was registered under `path`: one of the two is set when the verdict is `call`. */
  readonly method: M | undefined;
  readonly call: C | undefined;
  /** The other fields, for `call` only. */
  readonly metadata: RequestMetadata;
  readonly isHead: boolean;
  /** Milliseconds; -1 without a deadline, NaN when `grpc-timeout` is none that gRPC knows. */
  readonly timeoutMs: number;
  readonly timeoutText: string;
  /** Of `grpc-encoding`; `identity` without one. */
  readonly encoding: string;
  /** Of `content-length`; -1 without one. */
  readonly contentLength: number;
  /** What a request with this head counts towards the bytes held, before its body. */
  readonly bytes: number;
}

/** Header fields by name. */
export class RequestMetadata {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  get(name: string): string[] {
    return this.#fields.filter((field) => field[0] === name).map((field) => field[1]);
  }
}

type Field = readonly [name: string, value: string];

/** What an open stream counts, and what one does that a method with a state of its own answers: as long as it likes, at that. */
const STREAM_BYTES = 256;
const CALL_BYTES = 4_096;
const noMetadata = new RequestMetadata([]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** RFC 9113 §8.2.1: no NUL, no line ends, no white space around. */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
/** Fields of HTTP/1 connections, which HTTP/2 forbids (RFC 9113 §8.2.2). */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
const pseudoBits: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ ':method': 1, ':scheme': 2, ':path': 4, ':authority': 8 }),
);
const REQUIRED_PSEUDO = 7;
const FIELD_OVERHEAD = 32;

/** Collects the fields of one block after the other: `begin`, decode into it, `head` or `trailersAreSound`. */
export class HeadReader<M, C = never> implements FieldSink {
  readonly #methods: ReadonlyMap<string, M>;
  readonly #calls: ReadonlyMap<string, C>;
  readonly #listBytes: number;
  #size = 0;
  #sound = true;
  #pseudo = 0;
  #regularSeen = false;
  #method = '';
  #path = '';
  #call: C | undefined;
  #metadata: Field[] = [];
  #metadataBytes = 0;
  #contentType = '';
  #timeout = '';
  #encoding = '';
  #contentLength = -1;

  /** @param listBytes  the longest header list to take; of a longer one nothing more is looked at */
  constructor(methods: ReadonlyMap<string, M>, listBytes: number, calls: ReadonlyMap<string, C> = new Map()) {
    this.#methods = methods;
    this.#calls = calls;
    this.#listBytes = listBytes;
  }

  begin(): void {
    this.#size = 0;
    this.#sound = true;
    this.#pseudo = 0;
    this.#regularSeen = false;
    this.#method = '';
    this.#path = '';
    this.#call = undefined;
    this.#contentType = '';
    this.#timeout = '';
    this.#encoding = '';
    this.#contentLength = -1;
  }

  field(name: string, value: string): void {
    this.#size += name.length + value.length + FIELD_OVERHEAD;
    if (!this.#sound || this.#size > this.#listBytes) return;
    if (BAD_VALUE.test(value)) this.#sound = false;
    else if (name.startsWith(':')) this.#pseudoField(name, value);
    else this.#regularField(name, value);
  }

  /** The head of the request whose block was decoded since `begin`. */
  head(): RequestHead<M, C> {
    const method = this.#methods.get(this.#path);
    const call = this.#call;
    return {
      verdict: this.#verdict(method),
      path: this.#path,
      method,
      call,
      metadata: call === undefined ? noMetadata : new RequestMetadata(this.#metadata),
      isHead: this.#method === 'HEAD',
      timeoutMs: this.#timeout === '' ? -1 : parseGrpcTimeout(this.#timeout),
      timeoutText: this.#timeout,
      encoding: this.#encoding === '' ? 'identity' : this.#encoding,
      contentLength: this.#contentLength,
      bytes: call === undefined ? STREAM_BYTES : CALL_BYTES + this.#metadataBytes,
    };
  }

  /** Trailers carry no pseudo-fields (RFC 9113 §8.1); nothing of them is used. */
  trailersAreSound(): boolean {
    return this.#sound && this.#pseudo === 0 && this.#size <= this.#listBytes;
  }

  #verdict(method: M | undefined): HeadVerdict {
    if (this.#size > this.#listBytes) return 'too_large';
    if (!this.#sound || (this.#pseudo & REQUIRED_PSEUDO) !== REQUIRED_PSEUDO || this.#path === '') return 'malformed';
    if (!isGrpc(this.#contentType)) return 'not_grpc';
    if (this.#method !== 'POST') return 'not_post';
    return method === undefined && this.#call === undefined ? 'unknown_method' : 'call';
  }

  #pseudoField(name: string, value: string): void {
    const bit = pseudoBits.get(name) ?? 0;
    if (bit === 0 || this.#regularSeen || (this.#pseudo & bit) !== 0) {
      this.#sound = false;
      return;
    }
    this.#pseudo |= bit;
    if (name === ':path') this.#onPath(value);
    else if (name === ':method') this.#method = value;
  }

  #onPath(path: string): void {
    this.#path = path;
    this.#call = this.#calls.get(path);
    if (this.#call === undefined) return;
    this.#metadata = [];
    this.#metadataBytes = 0;
  }

  #regularField(name: string, value: string): void {
    this.#regularSeen = true;
    if (name === 'content-type') this.#contentType = value;
    else if (name === 'grpc-timeout') this.#timeout = value;
    else if (name === 'grpc-encoding') this.#encoding = value;
    else if (name === 'content-length') this.#length(value);
    else if (name === 'te') this.#sound = value === 'trailers';
    else if (forbidden.has(name) || !TOKEN.test(name)) this.#sound = false;
    else if (this.#call !== undefined) this.#keep(name, value);
  }

  #keep(name: string, value: string): void {
    this.#metadata.push([name, value]);
    this.#metadataBytes += name.length + value.length + FIELD_OVERHEAD;
  }

  #length(value: string): void {
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (length < 0 || (this.#contentLength >= 0 && this.#contentLength !== length)) this.#sound = false;
    this.#contentLength = length;
  }
}

/** `application/grpc`, alone or with `+codec` or parameters; not `application/grpc-web`. */
function isGrpc(contentType: string): boolean {
  if (!contentType.startsWith('application/grpc')) return false;
  const after = contentType.charAt(16);
  return after === '' || after === '+' || after === ';';
}

const timeoutUnitsMs: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }),
);

/**
 * Milliseconds that the value of `grpc-timeout` grants, e.g. 200 for `200m`; NaN when it is not one to eight digits and a unit.
 *
 * @internal
 * @see gRPC over HTTP/2, "Timeout"
 */
export function parseGrpcTimeout(text: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * timeoutUnitsMs.get(match[2]!)!;
}
