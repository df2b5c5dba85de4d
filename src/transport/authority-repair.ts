/**
 * Makes `:authority` of HTTP/2 requests acceptable to Node's HTTP/2, which resets a stream whose authority holds a `/`.
 *
 * gRPC for Java sends the path of the unix socket as it is. Nothing of ours reads the authority, so it becomes `localhost`.
 * In: bytes of a client, cut anywhere. Out: the same bytes until the first such request; from then on the same frames, their
 * header blocks written anew without compression, because the client's compression no longer fits what the server has seen.
 * @module
 */
import { FrameSplitter } from './lane/frame-splitter.ts';
import { extendBlock, type HeaderBlock } from './lane/header-block.ts';
import { HpackDecoder } from './lane/hpack/decoder.ts';
import { encodeBlock } from './lane/hpack/encoder.ts';
import {
  CLIENT_PREFACE,
  FRAME_HEADER,
  flag,
  frameType,
  HEADER_TABLE_SIZE,
  MAX_FRAME_PAYLOAD,
} from './lane/protocol.ts';

export interface AuthorityRepair {
  /** What the server shall read in place of `chunk`; undefined: these bytes cannot be repaired, and the connection must end. */
  push(chunk: Buffer): readonly Buffer[] | undefined;
}

type Field = readonly [name: string, value: string];

/** What is surely fine; what else may be is replaced, too, as nobody reads it. */
const FINE = /^[\w.~%:[\]-]+$/;
const MAX_BLOCK_BYTES = 64 * 1024;
const MAX_CONTINUATIONS = 16;

/** Starts at the first byte of a connection. */
export function createAuthorityRepair(): AuthorityRepair {
  return new Repair();
}

class Repair implements AuthorityRepair {
  readonly #decoder = new HpackDecoder(HEADER_TABLE_SIZE, MAX_BLOCK_BYTES);
  readonly #frames = new FrameSplitter({
    frame: (type, flags, id, bytes, start, end) => this.#frame(type, flags, id, bytes, start, end),
    frameTooLong: () => {
      this.#state = 'broken';
    },
  });
  #state: 'watching' | 'rewriting' | 'broken' = 'watching';
  #prefaceSeen = 0;
  #out: Buffer[] = [];
  #block: HeaderBlock | undefined;
  /** The frames of the open block as they came. */
  #asCame: Buffer[] = [];

  push(chunk: Buffer): readonly Buffer[] | undefined {
    this.#out = [];
    const rest = this.#prefaceSeen < CLIENT_PREFACE.length ? this.#preface(chunk) : chunk;
    if (this.#state !== 'broken' && rest.length > 0) this.#frames.push(rest);
    return this.#state === 'broken' ? undefined : this.#out;
  }

  #preface(chunk: Buffer): Buffer {
    const missing = CLIENT_PREFACE.subarray(this.#prefaceSeen);
    const here = chunk.subarray(0, missing.length);
    if (!missing.subarray(0, here.length).equals(here)) this.#state = 'broken';
    this.#prefaceSeen += here.length;
    this.#out.push(here);
    return chunk.subarray(here.length);
  }

  #frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    const frame = bytes.subarray(start - FRAME_HEADER, end);
    if (this.#block !== undefined) {
      const fits =
        type === frameType.continuation &&
        id === this.#block.streamId &&
        ++this.#block.continuations <= MAX_CONTINUATIONS &&
        extendBlock(this.#block, bytes, start, end, MAX_BLOCK_BYTES);
      if (!fits) return this.#break();
      this.#asCame.push(frame);
    } else if (type === frameType.headers) {
      const block = openBlock(flags, id, bytes, start, end);
      if (block === undefined) return this.#break();
      this.#block = block;
      this.#asCame = [frame];
    } else {
      this.#out.push(frame);
      return true;
    }
    return (flags & flag.endHeaders) === 0 || this.#blockEnds(this.#block);
  }

  #blockEnds(block: HeaderBlock): boolean {
    this.#block = undefined;
    const fields: Field[] = [];
    const sink = { field: (name: string, value: string) => void fields.push([name, value]) };
    if (!this.#decoder.decode(block.bytes, 0, block.length, sink)) return this.#break();
    if (fields.some(needsRepair)) this.#state = 'rewriting';
    if (this.#state === 'watching') this.#out.push(...this.#asCame);
    else this.#out.push(...framesOf(block, encodeBlock(fields.map(repaired))));
    this.#asCame = [];
    return true;
  }

  #break(): false {
    this.#state = 'broken';
    return false;
  }
}

function needsRepair([name, value]: Field): boolean {
  return name === ':authority' && !FINE.test(value);
}

function repaired(field: Field): Field {
  return needsRepair(field) ? [field[0], 'localhost'] : field;
}

/** The block that a HEADERS frame begins, without padding and priority; undefined if they are not sound (RFC 9113 §6.2). */
function openBlock(flags: number, id: number, bytes: Buffer, start: number, end: number): HeaderBlock | undefined {
  const padding = flags & flag.padded ? (bytes[start] ?? 0) : 0;
  const from = start + (flags & flag.padded ? 1 : 0) + (flags & flag.priority ? 5 : 0);
  const to = end - padding;
  if (from > to) return undefined;
  return {
    streamId: id,
    endStream: (flags & flag.endStream) !== 0,
    selfDependent: false,
    begunAt: 0,
    bytes: Buffer.from(bytes.subarray(from, to)),
    length: to - from,
    continuations: 0,
  };
}

/** HEADERS and as many CONTINUATION frames as it takes. */
function framesOf({ streamId, endStream }: HeaderBlock, encoded: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < encoded.length; at += MAX_FRAME_PAYLOAD) {
    const payload = encoded.subarray(at, at + MAX_FRAME_PAYLOAD);
    const header = Buffer.alloc(FRAME_HEADER);
    header.writeUIntBE(payload.length, 0, 3);
    header[3] = at === 0 ? frameType.headers : frameType.continuation;
    header[4] =
      (at === 0 && endStream ? flag.endStream : 0) | (at + payload.length === encoded.length ? flag.endHeaders : 0);
    header.writeUInt32BE(streamId, 5);
    frames.push(header, payload);
  }
  return frames;
}
