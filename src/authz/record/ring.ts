/**
 * The decision ring: the last decisions, recorded at almost no cost to the Check and taken out soon after.
 *
 * Denies and allows have a ring each, so that allows never push a deny out. A ring that is full, or a rate that is used up,
 * drops and counts. Requests stand here as they came, tokens and all, until they are taken; then they are wiped.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import { ID_LENGTH } from '../answer/respond.ts';
import type { CandidateVerdict } from '../candidate/difference.ts';
import type { Caller, FoundDestination } from '../destination/destination.ts';
import type { TokenOutcome } from '../jwt/token-outcome.ts';

/** Bounds of a ring. */
export interface RingOptions {
  /** Decisions stored of each effect; default 1024. */
  readonly size?: number;
  /** Decisions stored a second, a second's worth at once; default 500 denies, 100 allows. */
  readonly deniesPerSecond?: number;
  readonly allowsPerSecond?: number;
  /** Called when there is something to drain where nothing was; not again before a drain has left nothing. Must not throw. */
  readonly filled?: () => void;
}

/** A decision as the ring keeps it. */
export interface RingEntry {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly decidedAt: number;
  readonly decision: Decision;
  readonly destination: FoundDestination | undefined;
  readonly snapshot: number;
  /** The CheckRequest as it came; undefined if it was too large to keep. */
  readonly request: Buffer | undefined;
  readonly caller: Caller;
  /** What became of its tokens; undefined if no policy asked for them. */
  readonly tokens: TokenOutcome | undefined;
  /** What the candidate set says, where that differs. */
  readonly candidate?: CandidateVerdict | undefined;
}

/** Bytes of a request that are stored in place; larger ones are copied apart, the largest not at all. */
const SLOT_BYTES = 2048;
const MOST_BYTES = 32 * 1024;

const nobody = (): void => undefined;

/** The last decisions of one decider; denies and allows have room of their own. */
export class DecisionRing {
  readonly #denies: EffectRing;
  readonly #allows: EffectRing;
  readonly #filled: () => void;
  #isEmpty = true;

  constructor({ size = 1024, deniesPerSecond = 500, allowsPerSecond = 100, filled = nobody }: RingOptions = {}) {
    this.#filled = filled;
    this.#denies = new EffectRing(size, deniesPerSecond);
    this.#allows = new EffectRing(size, allowsPerSecond);
  }

  /** Keeps one decision, if the ring of its effect has room and rate. */
  record(
    decision: Decision,
    id: Buffer,
    nowMs: number,
    destination: FoundDestination | undefined,
    snapshot: number,
    request: Uint8Array,
    caller: Caller,
    tokens: TokenOutcome | undefined,
    candidate?: CandidateVerdict,
  ): void {
    const ring = decision.effect === 'deny' ? this.#denies : this.#allows;
    ring.record(decision, id, nowMs, destination, snapshot, request, caller, tokens, candidate);
    if (!this.#isEmpty) return;
    this.#isEmpty = false;
    this.#filled();
  }

  /** Nothing is there to be taken, and nothing was dropped. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Takes up to `most` decisions that were not taken yet, denies first, and how many were dropped since the last call. */
  drain(most: number): { readonly entries: readonly RingEntry[]; readonly dropped: number } {
    const denies = this.#denies.drain(most);
    const allows = this.#allows.drain(most - denies.length);
    this.#isEmpty = this.#denies.isEmpty && this.#allows.isEmpty;
    return { entries: [...denies, ...allows], dropped: this.#denies.takeDropped() + this.#allows.takeDropped() };
  }
}

class EffectRing {
  readonly #size: number;
  readonly #perSecond: number;
  readonly #ids: Buffer;
  readonly #arena: Buffer;
  readonly #decisions: (Decision | undefined)[];
  readonly #destinations: (FoundDestination | undefined)[];
  readonly #large: (Buffer | undefined)[];
  readonly #callers: (Caller | undefined)[];
  readonly #tokens: (TokenOutcome | undefined)[];
  readonly #candidates: (CandidateVerdict | undefined)[];
  readonly #lengths: Int32Array;
  readonly #times: Float64Array;
  readonly #snapshots: Float64Array;
  /** Decisions ever written, and ever drained. */
  #written = 0;
  #drained = 0;
  #dropped = 0;
  /** Decisions that may be stored at once; they come back with time, to no more than a second's worth. */
  #allowance: number;
  #allowedAt = 0;

  constructor(size: number, perSecond: number) {
    this.#size = size;
    this.#perSecond = perSecond;
    this.#allowance = perSecond;
    this.#ids = Buffer.alloc(size * ID_LENGTH);
    this.#arena = Buffer.alloc(size * SLOT_BYTES);
    this.#decisions = new Array<Decision | undefined>(size).fill(undefined);
    this.#destinations = new Array<FoundDestination | undefined>(size).fill(undefined);
    this.#large = new Array<Buffer | undefined>(size).fill(undefined);
    this.#callers = new Array<Caller | undefined>(size).fill(undefined);
    this.#tokens = new Array<TokenOutcome | undefined>(size).fill(undefined);
    this.#candidates = new Array<CandidateVerdict | undefined>(size).fill(undefined);
    this.#lengths = new Int32Array(size);
    this.#times = new Float64Array(size);
    this.#snapshots = new Float64Array(size);
  }

  record(
    decision: Decision,
    id: Buffer,
    nowMs: number,
    destination: FoundDestination | undefined,
    snapshot: number,
    request: Uint8Array,
    caller: Caller,
    tokens: TokenOutcome | undefined,
    candidate?: CandidateVerdict,
  ): void {
    if (nowMs !== this.#allowedAt) this.#allowMore(nowMs);
    if (this.#allowance < 1 || this.#written - this.#drained >= this.#size) {
      this.#dropped++;
      return;
    }
    this.#allowance--;
    const slot = this.#written++ % this.#size;
    this.#decisions[slot] = decision;
    this.#destinations[slot] = destination;
    this.#times[slot] = nowMs;
    this.#snapshots[slot] = snapshot;
    this.#ids.set(id, slot * ID_LENGTH);
    this.#callers[slot] = caller;
    this.#tokens[slot] = tokens;
    this.#candidates[slot] = candidate;
    this.#lengths[slot] = request.length;
    this.#large[slot] = undefined;
    if (request.length <= SLOT_BYTES) this.#arena.set(request, slot * SLOT_BYTES);
    else if (request.length <= MOST_BYTES) this.#large[slot] = Buffer.from(request);
  }

  /** Spread over the second, so that a reader never finds a whole second's worth; a clock that was set back earns nothing. */
  #allowMore(nowMs: number): void {
    const earned = (Math.max(0, nowMs - this.#allowedAt) * this.#perSecond) / 1000;
    this.#allowance = Math.min(this.#perSecond, this.#allowance + earned);
    this.#allowedAt = nowMs;
  }

  drain(most: number): RingEntry[] {
    const out: RingEntry[] = [];
    while (out.length < most && this.#drained < this.#written) out.push(this.#takeOut(this.#drained++ % this.#size));
    return out;
  }

  get isEmpty(): boolean {
    return this.#drained === this.#written;
  }

  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #takeOut(slot: number): RingEntry {
    const length = this.#lengths[slot]!;
    const inPlace = length <= SLOT_BYTES;
    const stored = this.#arena.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + (inPlace ? length : 0));
    const entry: RingEntry = {
      id: this.#ids.toString('latin1', slot * ID_LENGTH, (slot + 1) * ID_LENGTH),
      decidedAt: this.#times[slot]!,
      decision: this.#decisions[slot]!,
      destination: this.#destinations[slot],
      snapshot: this.#snapshots[slot]!,
      request: inPlace ? Buffer.from(stored) : this.#large[slot],
      caller: this.#callers[slot]!,
      tokens: this.#tokens[slot],
      ...(this.#candidates[slot] && { candidate: this.#candidates[slot] }),
    };
    stored.fill(0);
    this.#large[slot] = undefined;
    this.#tokens[slot] = undefined;
    this.#candidates[slot] = undefined;
    return entry;
  }
}
