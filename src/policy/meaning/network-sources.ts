/**
 * The pods that a request may come from, by address and by identity.
 * @module
 */
import type { Facts } from '../facts.ts';
import type { Endpoint } from '../registry/registry.ts';
import type { RegistryContext } from './registry-context.ts';

/** The pods that the source may be; they are several where only its identity tells. `mismatch`: identity and place disagree. */
export function sourcesOf(facts: Facts, context: RegistryContext): readonly Endpoint[] | 'mismatch' {
  const named = context.endpointsNamed(facts.sourcePrincipal);
  if (context.isBehindHop(facts.sourceAddress)) return named ?? [];
  const placed = context.endpointsAt(facts.sourceAddress);
  const account = context.accountOf(facts.sourcePrincipal);
  if (account === undefined || placed.length === 0) return placed;
  const agreeing = placed.filter(
    ({ namespace, serviceAccount }) => namespace === account.namespace && serviceAccount === account.serviceAccount,
  );
  return agreeing.length === 0 ? 'mismatch' : agreeing;
}
