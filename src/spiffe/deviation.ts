/**
 * Where a document departs from what a standard says of it.
 * @module
 */

/** One departure. */
export interface Deviation {
  /** The standard and its section, e.g. `X509-SVID §4.3`. */
  readonly spec: string;
  /** `must`: whoever follows the standard refuses it. `should`: some do not take it well. */
  readonly demand: 'must' | 'should';
  readonly problem: string;
}

/** A rule that is broken. */
export const broken = (spec: string, problem: string): Deviation => ({ spec, demand: 'must', problem });

/** Advice that is not followed. */
export const unadvised = (spec: string, problem: string): Deviation => ({ spec, demand: 'should', problem });
