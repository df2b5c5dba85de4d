/**
 * The output that a peer leaves unread: nothing is read from one that leaves too much.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { Output } from '../wire/output.ts';
import type { Shared } from './shared.ts';

/** One connection's share of the output that waits to be read. */
export class UnreadOutput {
  readonly #lane: Pick<Shared<unknown>, 'limits' | 'unread' | 'soon' | 'shedUnread'>;
  readonly #socket: Duplex;
  readonly #out: Output;
  #bytes = 0;
  #stalledAt = 0;
  #isCongested = false;

  /** @param lane  counts what all connections leave */
  constructor(lane: Pick<Shared<unknown>, 'limits' | 'unread' | 'soon' | 'shedUnread'>, socket: Duplex, out: Output) {
    this.#lane = lane;
    this.#socket = socket;
    this.#out = out;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Since when the peer has read nothing of it. */
  get stalledAt(): number {
    return this.#stalledAt;
  }

  /** Too much was unread when it was noted last: nothing is read from the peer. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** Whether too much is unread now. */
  get isTooMuch(): boolean {
    return this.#out.unread > this.#lane.limits.unreadBytesPerConnection;
  }

  /**
   * Compares what the socket still holds with what it held, and stops reading while it is too much.
   *
   * @param isClosing  nothing is read any more: no need to stop
   */
  note(now: number, isClosing: boolean): void {
    if (this.#socket.destroyed) return;
    const lane = this.#lane;
    const bytes = this.#out.measureUnread();
    if (bytes === 0 && this.#bytes === 0) return;
    if (bytes < this.#bytes || this.#bytes === 0) this.#stalledAt = now;
    lane.unread += bytes - this.#bytes;
    this.#bytes = bytes;
    if (bytes > 0) lane.soon();
    if (lane.unread > lane.limits.unreadBytes) lane.shedUnread();
    if (bytes > lane.limits.unreadBytesPerConnection && !this.#isCongested && !isClosing) {
      this.#isCongested = true;
      this.#socket.pause();
    }
  }

  /** Reads from the peer again, which has read what it left. False: reading had not stopped. */
  readAgain(): boolean {
    if (!this.#isCongested) return false;
    this.#isCongested = false;
    this.#socket.resume();
    return true;
  }

  /** Counts nothing any more: the socket is closed. */
  release(): void {
    this.#lane.unread -= this.#bytes;
    this.#bytes = 0;
  }
}
