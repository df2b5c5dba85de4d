/**
 * What is remembered of the streams of a connection that are not open (RFC 9113 §5.1, §5.1.1).
 * @module
 */
import { MAX_STREAM_ID } from '../wire/protocol.ts';

/** How many of the streams that we reset are remembered: what still comes for them is no fault. */
const RESETS_REMEMBERED = 512;
const GAPS_REMEMBERED = 16;

/** `reset` is: by us, or never taken, so that the peer may not know yet. `skipped` is: closed without having been used. */
type Past = 'idle' | 'skipped' | 'reset' | 'closed';

/** The streams of one connection that are not open. */
export class PastStreams {
  #lastId = 0;
  #lastAcceptedId = MAX_STREAM_ID;
  readonly #resets = new Set<number>();
  readonly #gaps: [from: number, to: number][] = [];

  /** The highest that the peer has used. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Streams above this are ignored: GOAWAY has named it. */
  get lastAcceptedId(): number {
    return this.#lastAcceptedId;
  }

  /** Whether GOAWAY has named the last stream that is answered. */
  get isLastNamed(): boolean {
    return this.#lastAcceptedId !== MAX_STREAM_ID;
  }

  /** Takes no stream above the highest that the peer has used. False: that was so already. */
  nameLast(): boolean {
    if (this.isLastNamed) return false;
    this.#lastAcceptedId = this.#lastId;
    return true;
  }

  /** Takes note that the peer uses `streamId` next: lower ones that it left out are closed unused. */
  advanceTo(streamId: number): void {
    if (streamId > this.#lastId + 2) {
      this.#gaps.push([this.#lastId + 1, streamId - 1]);
      if (this.#gaps.length > GAPS_REMEMBERED) this.#gaps.shift();
    }
    this.#lastId = streamId;
  }

  /** What is known of a stream that is not open. */
  of(streamId: number): Past {
    if (streamId % 2 === 0) return 'idle';
    if (streamId > this.#lastId) return streamId > this.#lastAcceptedId ? 'reset' : 'idle';
    if (this.#resets.has(streamId)) return 'reset';
    return this.#gaps.some(([from, to]) => from <= streamId && streamId <= to) ? 'skipped' : 'closed';
  }

  /** Takes note that a stream was reset or refused by us; the oldest of very many are forgotten. */
  rememberReset(streamId: number): void {
    this.#resets.add(streamId);
    if (this.#resets.size <= RESETS_REMEMBERED) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      return;
    }
  }
}
