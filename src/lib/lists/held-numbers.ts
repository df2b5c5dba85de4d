/**
 * Which policies a decider holds, by number, kept alike on both sides: each turn looks only where the lists of a stage differ.
 * @module
 */

/** The numbers of each stage, by what names the stage. */
export type StageNumbers = readonly (readonly [name: string, numbers: Uint32Array])[];

/** Where two lists begin to differ, and how many members are the same at their ends. */
export function differingPart(
  before: ArrayLike<unknown>,
  after: ArrayLike<unknown>,
): { readonly head: number; readonly tail: number } {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (head + tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { head, tail };
}

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
