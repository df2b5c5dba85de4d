/**
 * What monitoring learns of the authority only by looking.
 * @module
 */
import type { Authority } from '../../identity/authority/authority.ts';
import type { AuthorityStatus } from '../../identity/authority/rotate/rotation.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';

/** Sets the metrics; never throws. */
export async function lookAtAuthority(authority: Authority, metrics: Metrics): Promise<void> {
  try {
    const { x509Authorities, jwtAuthorities } = await authority.status();
    const living = x509Authorities.filter(({ slot }) => slot !== 'revoked');
    metrics.setAuthorityExpiry(new Map(living.map(({ slot, notAfterAt }) => [slot, (notAfterAt - Date.now()) / 1000])));
    metrics.setUnacknowledged(stuckIn([...living, ...jwtAuthorities]));
    metrics.setStoreUp(authority.readiness.value.cause !== 'store');
  } catch {
    metrics.setStoreUp(false); // the pages must answer while the store is away
  }
}

/** Whom time alone will not give the bundle: an Envoy that was sent it and never acknowledged, not a client that came once. */
function stuckIn(authorities: readonly AuthorityStatus[]): number {
  const stuck = authorities.flatMap(({ unacknowledged }) =>
    unacknowledged.filter(({ doneBy }) => doneBy === undefined),
  );
  return new Set(stuck.map(({ consumer, spiffeId }) => `${consumer} ${spiffeId}`)).size;
}
