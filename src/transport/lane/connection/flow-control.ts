/**
 * Flow control of one connection, both ways (RFC 9113 §5.2, §6.9). The windows of its streams are theirs.
 * @module
 */
import { DEFAULT_WINDOW, MAX_WINDOW } from '../wire/protocol.ts';

/** The two windows of a connection, in bytes. */
export class FlowControl {
  readonly #receiveLimit: number;
  #send = DEFAULT_WINDOW;
  #receive: number;

  /** @param receiveLimit  bytes that the peer is granted at once, by the WINDOW_UPDATE that follows our SETTINGS */
  constructor(receiveLimit: number) {
    this.#receiveLimit = receiveLimit;
    this.#receive = receiveLimit;
  }

  /** Bytes of DATA that may be sent now over all streams. */
  get sendWindow(): number {
    return this.#send;
  }

  /** Counts `size` bytes of DATA that go out. */
  spend(size: number): void {
    this.#send -= size;
  }

  /** Adds what a WINDOW_UPDATE grants. False: the window is larger than the standard allows (RFC 9113 §6.9.1). */
  widen(increment: number): boolean {
    this.#send += increment;
    return this.#send <= MAX_WINDOW;
  }

  /** Counts `size` bytes of DATA that came, padding included. False: the peer had no window for them, and nothing is counted. */
  receive(size: number): boolean {
    if (size > this.#receive) return false;
    this.#receive -= size;
    return true;
  }

  /** Returns what the peer should be granted now, which counts as granted: a large step once half of the window is used, else 0. */
  takeCredit(): number {
    if (this.#receive > this.#receiveLimit / 2) return 0;
    const credit = this.#receiveLimit - this.#receive;
    this.#receive = this.#receiveLimit;
    return credit;
  }
}
