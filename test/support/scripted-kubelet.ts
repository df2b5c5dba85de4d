/**
 * Kubelets on virtual time, as late as real ones may be: when they look, when they ask for the next certificate, when they mount new roots.
 * @module
 */
import { createHash } from 'node:crypto';

const MINUTE = 60_000;

/** A number in [0, 1) that is the same for the same text. */
const chance = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;

/** What a pod finds in its volume. */
export interface Mounted {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly roots: readonly Uint8Array[];
  readonly notAfterAt: number;
}

/** How a volume is filled. */
export interface VolumeSource {
  /** Asks for a certificate; undefined: not yet. */
  ask(
    pod: string,
  ): Promise<
    { readonly chain: readonly Uint8Array[]; readonly beginRefreshAt: number; readonly notAfterAt: number } | undefined
  >;
  /** What the cluster's bundle held at that time. */
  rootsAt(atMs: number): readonly Uint8Array[];
}

/** One volume of one pod, from its first certificate on. */
export class ScriptedVolume {
  readonly #pod: string;
  readonly #source: VolumeSource;
  #mounted: Mounted | undefined;
  #asks = 0;
  #refreshAt = 0;
  #nextLookAt = 0;

  constructor(pod: string, source: VolumeSource) {
    this.#pod = pod;
    this.#source = source;
  }

  get mounted(): Mounted | undefined {
    return this.#mounted;
  }

  /**
   * Does what the kubelet would by then. It looks every one to two minutes, comes for the next certificate up to five minutes after
   * `beginRefreshAt`, and has of the bundle what it was up to eight minutes before.
   */
  async tick(nowMs: number): Promise<void> {
    if (nowMs < this.#nextLookAt) return;
    this.#nextLookAt = nowMs + MINUTE * (1 + chance(`${this.#pod} look ${nowMs}`));
    const lateMs = 8 * MINUTE * chance(`${this.#pod} roots`);
    const roots = this.#source.rootsAt(nowMs - lateMs);
    if (this.#mounted !== undefined) this.#mounted = { ...this.#mounted, roots };
    if (nowMs < this.#refreshAt) return;
    const given = await this.#source.ask(this.#pod);
    if (given === undefined) return;
    this.#asks += 1;
    this.#mounted = { chain: given.chain, notAfterAt: given.notAfterAt, roots };
    this.#refreshAt = given.beginRefreshAt + 5 * MINUTE * chance(`${this.#pod} jitter ${this.#asks}`);
  }
}
