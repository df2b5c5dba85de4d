/**
 * Where the parts of a CheckRequest lie in its bytes.
 *
 * Protobuf's rules hold: of a scalar the last one counts, a message that stands several times is merged, unknown fields and
 * known ones of another wire type are stepped over, of a oneof the last member counts.
 * @see envoy/service/auth/v3/external_auth.proto, attribute_context.proto
 * @module
 */
import { cursor, readLength, readTag, readText, readVarint, skipField } from './reader.ts';
import { Spans } from './spans.ts';

/** Singular strings of a CheckRequest; each is a pair of offsets in `CheckRequest.spans`. */
export const part = {
  sourceAddress: 0,
  sourcePrincipal: 1,
  sourceCertificate: 2,
  destinationAddress: 3,
  destinationPrincipal: 4,
  method: 5,
  path: 6,
  host: 7,
  scheme: 8,
  protocol: 9,
  streamId: 10,
  sni: 11,
  /** Who asks by HTTP, and what he does not say (`authz/http`); in fields that no Envoy sends. */
  httpCaller: 12,
  malformed: 13,
  headersSaid: 14,
} as const;

type Part = (typeof part)[keyof typeof part];

const PARTS = 15;

/** In `AttributeContext`: far beyond those of Envoy. */
export const HTTP_CALLER_FIELD = 1000;

/** IP protocol numbers; Envoy's `SocketAddress.protocol` is 0 for TCP and 1 for UDP. What it does not know stands for itself. */
const TCP = 6;
const UDP = 17;

/** Tags: field number × 8 + wire type 2 (length-delimited), but for the ports. */
const field = (number: number): number => number * 8 + 2;

/** A view on one CheckRequest at a time; `read` points it at the next one. */
export class CheckRequest {
  bytes: Buffer = Buffer.alloc(0);
  /** Begin and end of each `part`; begin -1 if absent. */
  readonly spans = new Int32Array(PARTS * 2);
  sourcePort = -1;
  destinationPort = -1;
  /** IP protocol number. */
  ipProtocol = TCP;
  hasAttributes = false;
  hasHttp = false;
  hasTls = false;
  /** One span an occurrence. */
  readonly sourceLabels = new Spans();
  readonly destinationLabels = new Spans();
  readonly destinations = new Spans();
  readonly headers = new Spans();
  readonly headerMaps = new Spans();
  readonly contextExtensions = new Spans();
  readonly metadata = new Spans();

  /** Points the view at a message. @throws malformedMessage if its outline is not protobuf */
  read(bytes: Uint8Array): void {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#clear();
    const { length } = bytes;
    cursor.at = 0;
    while (cursor.at < length) {
      const tag = readTag(bytes, length);
      if (tag === field(1)) this.#attributes(readLength(bytes, length));
      else skipField(bytes, length, tag);
    }
  }

  /** The byte string of a part; `''` if it is absent. */
  text(which: Part): string {
    const begin = this.spans[which * 2]!;
    return begin < 0 ? '' : readText(this.bytes, begin, this.spans[which * 2 + 1]!);
  }

  #clear(): void {
    for (let i = 0; i < PARTS * 2; i += 2) this.spans[i] = -1;
    this.sourcePort = -1;
    this.destinationPort = -1;
    this.ipProtocol = TCP;
    this.hasAttributes = false;
    this.hasHttp = false;
    this.hasTls = false;
    this.sourceLabels.clear();
    this.destinationLabels.clear();
    this.destinations.clear();
    this.headers.clear();
    this.headerMaps.clear();
    this.contextExtensions.clear();
    this.metadata.clear();
  }

  #attributes(end: number): void {
    this.hasAttributes = true;
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      switch (tag) {
        case field(1):
          this.#source(readLength(bytes, end));
          break;
        case field(2): {
          const stop = readLength(bytes, end);
          this.destinations.push(cursor.at, stop);
          this.#destination(stop);
          break;
        }
        case field(4):
          this.#request(readLength(bytes, end));
          break;
        case field(10):
          this.#note(this.contextExtensions, end);
          break;
        case field(11):
          this.#note(this.metadata, end);
          break;
        case field(12):
          this.hasTls = true;
          this.#tlsSession(readLength(bytes, end));
          break;
        case field(HTTP_CALLER_FIELD):
          this.#httpCaller(readLength(bytes, end));
          break;
        default:
          skipField(bytes, end, tag);
      }
    }
  }

  #source(end: number): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag === field(1)) this.#address(readLength(bytes, end), true);
      else if (tag === field(3)) this.#note(this.sourceLabels, end);
      else if (tag === field(4)) this.#mark(part.sourcePrincipal, end);
      else if (tag === field(5)) this.#mark(part.sourceCertificate, end);
      else skipField(bytes, end, tag);
    }
  }

  #destination(end: number): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag === field(1)) this.#address(readLength(bytes, end), false);
      else if (tag === field(3)) this.#note(this.destinationLabels, end);
      else if (tag === field(4)) this.#mark(part.destinationPrincipal, end);
      else skipField(bytes, end, tag);
    }
  }

  /** A oneof: pipe and internal address take the place of a socket address that stood before. */
  #address(end: number, isSource: boolean): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag === field(1)) {
        this.#socketAddress(readLength(bytes, end), isSource);
        continue;
      }
      if (tag === field(2) || tag === field(3)) {
        const which = isSource ? part.sourceAddress : part.destinationAddress;
        this.spans[which * 2] = -1;
        if (isSource) this.sourcePort = -1;
        else this.destinationPort = -1;
      }
      skipField(bytes, end, tag);
    }
  }

  #socketAddress(end: number, isSource: boolean): void {
    const { bytes } = this;
    const which = isSource ? part.sourceAddress : part.destinationAddress;
    if (this.spans[which * 2]! < 0) {
      this.spans[which * 2] = this.spans[which * 2 + 1] = cursor.at; // present, as yet empty
      this.#setPort(isSource, 0);
    }
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag === field(2)) this.#mark(which, end);
      else if (tag === 3 * 8) this.#setPort(isSource, readVarint(bytes, end));
      else if (tag === 1 * 8) {
        const protocol = readVarint(bytes, end);
        if (!isSource) this.ipProtocol = protocol === 0 ? TCP : protocol === 1 ? UDP : protocol;
      } else {
        if (tag === field(4)) this.#setPort(isSource, 0); // a named port takes its place
        skipField(bytes, end, tag);
      }
    }
  }

  #setPort(isSource: boolean, port: number): void {
    if (isSource) this.sourcePort = port;
    else this.destinationPort = port;
  }

  #request(end: number): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag !== field(2)) {
        skipField(bytes, end, tag);
        continue;
      }
      this.hasHttp = true;
      this.#http(readLength(bytes, end));
    }
  }

  #http(end: number): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      switch (tag) {
        case field(1):
          this.#mark(part.streamId, end);
          break;
        case field(2):
          this.#mark(part.method, end);
          break;
        case field(3):
          this.#note(this.headers, end);
          break;
        case field(4):
          this.#mark(part.path, end);
          break;
        case field(5):
          this.#mark(part.host, end);
          break;
        case field(6):
          this.#mark(part.scheme, end);
          break;
        case field(10):
          this.#mark(part.protocol, end);
          break;
        case field(13):
          this.#note(this.headerMaps, end);
          break;
        default:
          skipField(bytes, end, tag);
      }
    }
  }

  #tlsSession(end: number): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag === field(1)) this.#mark(part.sni, end);
      else skipField(bytes, end, tag);
    }
  }

  #httpCaller(end: number): void {
    const { bytes } = this;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag === field(1)) this.#mark(part.httpCaller, end);
      else if (tag === field(2)) this.#mark(part.malformed, end);
      else if (tag === field(3)) this.#mark(part.headersSaid, end);
      else skipField(bytes, end, tag);
    }
  }

  /** Tells whether a part is there, perhaps empty. */
  has(which: Part): boolean {
    return this.spans[which * 2]! >= 0;
  }

  #mark(which: Part, end: number): void {
    const stop = readLength(this.bytes, end);
    this.spans[which * 2] = cursor.at;
    this.spans[which * 2 + 1] = stop;
    cursor.at = stop;
  }

  #note(list: Spans, end: number): void {
    const stop = readLength(this.bytes, end);
    list.push(cursor.at, stop);
    cursor.at = stop;
  }
}
