/**
 * Conditions that only the registry can answer.
 * @module
 */
import type { Facts } from '../facts.ts';
import type { Absence, Atom } from '../model.ts';
import type { Truth } from './absence.ts';

/** Tells the truth of one condition for one request. */
export type Judge = (facts: Facts) => Truth;

/** The atoms that ask the registry. */
export type RegistryAtom = Extract<Atom, { op: 'endpoint' | 'identity' | 'namedPort' }>;

/** What the meaning of a condition depends on. */
export interface ConditionContext {
  readonly absence: Absence;
  /** Compiles an atom that asks the registry; a model that holds one without it does not compile. */
  readonly registryAtom?: (atom: RegistryAtom) => Judge;
}
