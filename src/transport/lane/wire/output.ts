/**
 * Gathers what is to be sent on one connection, and writes it once.
 *
 * Buffers are used again as soon as the kernel has taken their bytes. A socket that keeps them (TLS, or any other Duplex) gets a
 * copy; one that could not take them at once keeps the buffer.
 * @module
 */
import type { Duplex } from 'node:stream';
import { isPlain } from './input.ts';

const BUFFER_BYTES = 65_536;
const KEPT = 4;
const nothing = Buffer.alloc(0);

/** Buffers that no connection holds at the moment; one pool a lane. */
export type OutputPool = Buffer[];

/** The output of one connection. */
export class Output {
  /** Where the bytes go that were reserved; another buffer after each `reserve`, maybe. */
  bytes: Buffer = nothing;
  /** Bytes that were reserved since the last flush. */
  length = 0;
  readonly #socket: Duplex;
  readonly #pool: OutputPool;
  readonly #takenAtOnce: boolean;
  #unread = 0;

  constructor(socket: Duplex, pool: OutputPool) {
    this.#socket = socket;
    this.#pool = pool;
    this.#takenAtOnce = isPlain(socket);
  }

  /** Bytes that the socket had not got rid of when that was measured last, or at the last flush. */
  get unread(): number {
    return this.#unread;
  }

  /** Measures the bytes that the socket has not got rid of. */
  measureUnread(): number {
    this.#unread = this.#socket.writableLength;
    return this.#unread;
  }

  /** Makes room for `size` bytes. They go to `bytes` from the offset that is returned; they count as written. */
  reserve(size: number): number {
    const at = this.length;
    if (at + size > this.bytes.length) return this.#reserveAnew(size);
    this.length = at + size;
    return at;
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.length === 0) return;
    const buffer = this.bytes;
    const written = buffer.subarray(0, this.length);
    this.bytes = nothing;
    this.length = 0;
    if (!this.#socket.writable) {
      this.#returnToPool(buffer);
      return;
    }
    // A socket that waits keeps what it is given: bytes as long as they are, never a whole buffer for a few.
    const isTaken = this.#takenAtOnce && this.#socket.writableLength === 0;
    this.#socket.write(isTaken ? written : Buffer.from(written));
    this.#unread = this.#socket.writableLength;
    if (this.#unread === 0 || !isTaken) this.#returnToPool(buffer);
  }

  #reserveAnew(size: number): number {
    this.flush();
    this.bytes =
      size > BUFFER_BYTES ? Buffer.allocUnsafeSlow(size) : (this.#pool.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
    this.length = size;
    return 0;
  }

  #returnToPool(buffer: Buffer): void {
    if (this.#pool.length < KEPT && buffer.length === BUFFER_BYTES) this.#pool.push(buffer);
  }
}
