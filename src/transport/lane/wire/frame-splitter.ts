/**
 * Cuts a stream of bytes into HTTP/2 frames, wherever the bytes were cut before.
 *
 * A frame that lies whole in a chunk is handed on in place; the beginning of one that does not is kept until the rest is there.
 * @module
 */
import { FRAME_HEADER, MAX_FRAME_PAYLOAD } from './protocol.ts';

/** Receives frames. What `frame` returns says whether to go on at once. */
export interface FrameSink {
  /** A whole frame; its payload is `bytes[start, end)`. False: stop here, the rest waits for `resume`. */
  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean;
  /** A frame announces more than MAX_FRAME_PAYLOAD. Nothing follows. */
  frameTooLong(): void;
}

const nothing = Buffer.alloc(0);

/** Gives its sink the frames of one connection (RFC 9113 §4.1). */
export class FrameSplitter {
  readonly #sink: FrameSink;
  /** The frame that is incomplete: its header first, then header and payload. */
  #partial: Buffer = nothing;
  #filled = 0;
  #waiting: Buffer = nothing;
  #stopped = false;
  #over = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#filled > 0;
  }

  /** Whether `frame` returned false and `resume` was not called since. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next bytes of the stream; `chunk` may be used again afterwards. */
  push(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#stopped) this.#waiting = Buffer.concat([this.#waiting, chunk]);
    else this.#cut(chunk, this.#filled > 0 ? this.#complete(chunk) : 0);
  }

  /** Goes on where `frame` returned false. */
  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = nothing;
    this.#stopped = false;
    if (waiting.length > 0) this.push(waiting);
  }

  /** Forgets everything; later bytes are dropped. */
  stop(): void {
    this.#over = true;
    this.#stopped = false;
    this.#partial = nothing;
    this.#waiting = nothing;
    this.#filled = 0;
  }

  #cut(chunk: Buffer, from: number): void {
    const length = chunk.length;
    let at = from;
    while (at >= 0 && length - at >= FRAME_HEADER) {
      const payload = (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!;
      if (payload > MAX_FRAME_PAYLOAD) {
        this.#tooLong();
        return;
      }
      const start = at + FRAME_HEADER;
      const end = start + payload;
      if (end > length) break;
      at = end;
      if (!this.#sink.frame(chunk[start - 6]!, chunk[start - 5]!, streamIdAt(chunk, start), chunk, start, end)) {
        this.#stopAt(chunk, at);
        return;
      }
    }
    if (at >= 0 && at < length) this.#keep(chunk, at);
  }

  /** Keeps the beginning of a frame: in a buffer of the frame's own length as soon as that is known. */
  #keep(chunk: Buffer, at: number): void {
    const known = chunk.length - at >= FRAME_HEADER;
    const payload = known ? (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]! : 0;
    this.#partial = Buffer.allocUnsafe(FRAME_HEADER + payload);
    this.#filled = chunk.copy(this.#partial, 0, at);
  }

  /** Fills the incomplete frame. Returns where the rest of `chunk` begins, or -1 when there is nothing more to do with it. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#filled < FRAME_HEADER) {
      at = chunk.copy(this.#partial, this.#filled, 0, FRAME_HEADER - this.#filled);
      this.#filled += at;
      if (this.#filled < FRAME_HEADER) return -1;
      const payload = this.#partial.readUIntBE(0, 3);
      if (payload > MAX_FRAME_PAYLOAD) {
        this.#tooLong();
        return -1;
      }
      const header = this.#partial;
      this.#partial = Buffer.allocUnsafe(FRAME_HEADER + payload);
      header.copy(this.#partial, 0, 0, FRAME_HEADER);
    }
    const taken = chunk.copy(this.#partial, this.#filled, at);
    this.#filled += taken;
    at += taken;
    if (this.#filled < this.#partial.length) return -1;
    const frame = this.#partial;
    this.#partial = nothing;
    this.#filled = 0;
    if (!this.#sink.frame(frame[3]!, frame[4]!, streamIdAt(frame, FRAME_HEADER), frame, FRAME_HEADER, frame.length)) {
      this.#stopAt(chunk, at);
      return -1;
    }
    return at;
  }

  #stopAt(chunk: Buffer, at: number): void {
    if (this.#over) return;
    this.#stopped = true;
    this.#waiting = Buffer.from(chunk.subarray(at));
  }

  #tooLong(): void {
    this.stop();
    this.#sink.frameTooLong();
  }
}

/** The stream id in the frame header that ends at `end`, without the reserved bit. */
function streamIdAt(bytes: Buffer, end: number): number {
  return ((bytes[end - 4]! & 0x7f) << 24) | (bytes[end - 3]! << 16) | (bytes[end - 2]! << 8) | bytes[end - 1]!;
}
