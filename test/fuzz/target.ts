/**
 * What the fuzzer needs to know of a piece of the program.
 * @module
 */
import type { Random } from './random.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs that it starts from. */
  seeds(): readonly Buffer[];
  /** A change that knows the shape of an input. `other` is another input to take parts from. */
  mutate(input: Buffer, other: Buffer, random: Random): Buffer;
  /**
   * Runs the piece on `input`. Throws what it finds wrong; whatever is thrown is a finding.
   *
   * @param isThorough  false leaves out what takes longer than all the rest
   */
  run(input: Buffer, isThorough: boolean): void | Promise<void>;
}
