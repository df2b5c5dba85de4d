/**
 * What it may cost to hold rules against each other.
 * @module
 */
import { BoundMet } from '../../regions/bound.ts';

/** What may be spent. */
export interface SearchBounds {
  /** Nodes of regions that are made for all that is asked: some seconds. */
  readonly nodes: number;
  /** Pairs of policies and of rules that are compared: some seconds. */
  readonly pairs: number;
}

export const usualBounds: SearchBounds = { nodes: 400_000, pairs: 4_000_000 };

/** Counts what is compared. @throws BoundMet where it is too much */
export type Spend = (count: number) => void;

/** Counts pairs, to so many. */
export function createSpend(pairs: number): Spend {
  let left = pairs;
  return (count) => {
    left -= count;
    if (left < 0) throw new BoundMet(`more than ${pairs} pairs of rules`);
  };
}
