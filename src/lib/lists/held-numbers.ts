/**
 * Which policies a decider holds, by number, kept alike on both sides: each turn looks only where the lists of a stage differ.
 * @module
 */

import { differingPart } from './differing-part.ts';

/** The numbers of each stage, by what names the stage. */
export type StageNumbers = readonly (readonly [name: string, numbers: Uint32Array])[];

/** What the numbers of the last turn stand for. */
export class HeldNumbers<T> {
  #stages: ReadonlyMap<string, Uint32Array> = new Map();
  readonly #held = new Map<number, T>();

  get(number: number): T | undefined {
    return this.#held.get(number);
  }

  /** The numbers that a stage had in the last turn. */
  before(name: string): Uint32Array {
    return this.#stages.get(name) ?? none;
  }

  /** Takes what is new, and forgets what no stage has any more. */
  turn(stages: StageNumbers, added: Iterable<readonly [number: number, value: T]>): void {
    const now = new Map(stages);
    const [gone, came] = [new Set<number>(), new Set<number>()];
    for (const name of new Set([...this.#stages.keys(), ...now.keys()])) {
      const [before, after] = [this.before(name), now.get(name) ?? none];
      const { head, tail } = differingPart(before, after);
      for (const number of before.subarray(head, before.length - tail)) gone.add(number);
      for (const number of after.subarray(head, after.length - tail)) came.add(number);
    }
    for (const number of gone) if (!came.has(number)) this.#held.delete(number);
    for (const [number, value] of added) this.#held.set(number, value);
    this.#stages = now;
  }
}

const none = new Uint32Array();
