/**
 * What monitoring learns of the authority only by looking.
 * @module
 */
import type { Authority } from '../identity/authority/authority.ts';
import type { Metrics } from '../platform/observe/metrics.ts';

/** Sets the metrics; never throws. */
export async function lookAtAuthority(authority: Authority, metrics: Metrics): Promise<void> {
  try {
    const { x509Authorities } = await authority.status();
    const living = x509Authorities.filter(({ slot }) => slot !== 'revoked');
    metrics.setAuthorityExpiry(new Map(living.map(({ slot, notAfterAt }) => [slot, (notAfterAt - Date.now()) / 1000])));
    const waiting = living.flatMap(({ unacknowledged }) =>
      unacknowledged.map(({ consumer, spiffeId }) => `${consumer} ${spiffeId}`),
    );
    metrics.setUnacknowledged(new Set(waiting).size);
    metrics.setStoreUp(authority.readiness.value.ready);
  } catch {
    metrics.setStoreUp(false); // the pages must answer while the store is away
  }
}
