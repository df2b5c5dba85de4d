/**
 * What one evaluation looks at.
 * @module
 */
import { type Decision, decision, type Reason } from '../decision.ts';
import type { Destination, Facts } from '../facts.ts';
import type { RegistryContext } from '../meaning/registry-context.ts';
import type { Absence, PolicyRef } from '../model.ts';

/** One request to one workload, under one reading of absent facts. */
export interface Scene {
  readonly facts: Facts;
  readonly destination: Destination;
  readonly absence: Absence;
  readonly registry: RegistryContext;
  /** Dry-run policies count as enforced. */
  readonly rehearsing: boolean;
}

/** A decision that names neither plane nor stage; the caller of a stage adds them. */
export function made(effect: Decision['effect'], reason: Reason, policy?: PolicyRef, rule?: number): Decision {
  return decision(undefined, effect, reason, policy, rule);
}
