/**
 * What a connection's peer has said by SETTINGS, and of ours (RFC 9113 §6.5).
 * @module
 */
import { DEFAULT_WINDOW, HEADER_TABLE_SIZE } from '../wire/protocol.ts';

/** The settings of one peer that matter to us. */
export class PeerSettings {
  #streamWindow = DEFAULT_WINDOW;
  #isAckDue = true;
  #isTableUpdateDue = false;
  #isTableGivenUp = false;

  /** Bytes that a new stream may send before any WINDOW_UPDATE. */
  get streamWindow(): number {
    return this.#streamWindow;
  }

  /** The peer has yet to acknowledge our SETTINGS, and so may not know our limits. */
  get isAckDue(): boolean {
    return this.#isAckDue;
  }

  /** Our next header block has to begin with a table size update. */
  get isTableUpdateDue(): boolean {
    return this.#isTableUpdateDue;
  }

  /** Takes the acknowledgement of our SETTINGS. False: it was not due. */
  acknowledge(): boolean {
    const wasDue = this.#isAckDue;
    this.#isAckDue = false;
    return wasDue;
  }

  /** Takes SETTINGS_INITIAL_WINDOW_SIZE. Returns the bytes by which the window of every open stream changes (RFC 9113 §6.9.2). */
  changeStreamWindow(size: number): number {
    const difference = size - this.#streamWindow;
    this.#streamWindow = size;
    return difference;
  }

  /**
   * Takes SETTINGS_HEADER_TABLE_SIZE. Where it is below the standard's, our next block has to say that it uses no table; once that
   * was said, no table has to be given up again (RFC 7541 §4.2).
   */
  limitTable(size: number): void {
    if (size < HEADER_TABLE_SIZE && !this.#isTableGivenUp) this.#isTableUpdateDue = true;
  }

  /** Returns whether the header block that is being written has to begin with a table size update; it counts as written. */
  takeTableUpdate(): boolean {
    const isDue = this.#isTableUpdateDue;
    this.#isTableGivenUp ||= isDue;
    this.#isTableUpdateDue = false;
    return isDue;
  }
}
