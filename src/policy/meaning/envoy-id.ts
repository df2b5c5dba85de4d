/**
 * The name that Envoy gives a rule, and by which it orders them.
 * @module
 */
import type { PolicyRef } from '../model.ts';

/** The id that Istio gives a rule in Envoy's configuration. */
export function envoyId({ namespace, name }: PolicyRef, rule: number): string {
  return `ns[${namespace}]-policy[${name}]-rule[${rule}]`;
}
