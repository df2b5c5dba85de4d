/**
 * What a condition is for every request: where it holds, and where it does not. What is in neither is unknown (design D6).
 * @module
 */
import { ALL, type Diagrams, NONE, type Region } from '../regions/diagrams.ts';

/** Disjoint regions. */
export interface Truths {
  readonly yes: Region;
  readonly no: Region;
}

export const always: Truths = { yes: ALL, no: NONE };
export const never: Truths = { yes: NONE, no: ALL };
export const unknownAlways: Truths = { yes: NONE, no: NONE };

/** It holds in a region, and nowhere else. */
export const holdsIn = (diagrams: Diagrams, yes: Region): Truths => ({ yes, no: diagrams.not(yes) });

/** Kleene's conjunction. */
export function both(diagrams: Diagrams, a: Truths, b: Truths): Truths {
  return { yes: diagrams.and(a.yes, b.yes), no: diagrams.or(a.no, b.no) };
}

/** Kleene's disjunction. */
export function either(diagrams: Diagrams, a: Truths, b: Truths): Truths {
  return { yes: diagrams.or(a.yes, b.yes), no: diagrams.and(a.no, b.no) };
}

export const opposite = ({ yes, no }: Truths): Truths => ({ yes: no, no: yes });

/** As one of them in a region, as the other outside of it. */
export function inside(diagrams: Diagrams, region: Region, within: Truths, without: Truths): Truths {
  const outside = diagrams.not(region);
  return {
    yes: diagrams.or(diagrams.and(region, within.yes), diagrams.and(outside, without.yes)),
    no: diagrams.or(diagrams.and(region, within.no), diagrams.and(outside, without.no)),
  };
}
