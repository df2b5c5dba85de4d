/**
 * Gatehouse's own SPIFFE IDs. What answers Checks is one, what an authority serves is another, so that a decider that is taken
 * over can pretend to be no authority.
 * @module
 */
import { parseSpiffeId, type SpiffeId } from './spiffe-id.ts';
import type { TrustDomain } from './trust-domain.ts';

/** Shown by the authority: feed, Istio CA, and the admin API and health pages of a server that has the role. */
export function authorityIdOf(trustDomain: TrustDomain): SpiffeId {
  return parseSpiffeId(`spiffe://${trustDomain}/gatehouse/authority`);
}

/** Shown where Checks are answered, and by a server that is only a decider everywhere. */
export function deciderIdOf(trustDomain: TrustDomain): SpiffeId {
  return parseSpiffeId(`spiffe://${trustDomain}/gatehouse/decider`);
}
