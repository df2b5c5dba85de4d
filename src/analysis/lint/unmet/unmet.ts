/**
 * Why nobody meets an alternative of a rule.
 * @module
 */
import type { Absence } from '../../../policy/model.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import type { Alternative } from './alternatives.ts';

/** Why an alternative is not met. */
export interface Unmet {
  readonly by: 'labels' | 'names' | 'ports';
  /** What is written tells of a mistake; otherwise somebody may yet come who meets it. */
  readonly isMistake: boolean;
  /** After "is met by no workload of today:". */
  readonly why: string;
  readonly fix: string;
}

/** Tells why nobody meets an alternative of a rule; undefined where somebody may. */
export type FindUnmet = (placed: PlacedRule, alternative: Alternative, absence: Absence) => Unmet | undefined;
