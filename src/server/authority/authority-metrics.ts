/**
 * What monitoring learns of the authority only by looking.
 * @module
 */
import type { Authority } from '../../identity/authority/authority.ts';
import type { AuthorityStatus } from '../../identity/authority/rotate/rotation.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';

/** A look reads every live row of the ledger: with many of them it must not be our main work. */
const LOOK_SHARE = 50;

/** Creates the look that sets the metrics of the authority; it never throws, and rests for 50 times as long as its slow part took. */
export function createAuthorityLook(authority: Authority, metrics: Metrics): () => Promise<void> {
  let lookAgainAtMs = 0;
  return async () => {
    metrics.setRenewalsWaiting(authority.renewalsWaiting());
    metrics.setTaintPaused(authority.taintPaused());
    const fromMs = performance.now();
    if (fromMs < lookAgainAtMs) return;
    await lookAtAuthority(authority, metrics);
    lookAgainAtMs = performance.now() + LOOK_SHARE * (performance.now() - fromMs);
  };
}

/** Sets expiries, stuck consumers and whether the store answers; never throws. */
async function lookAtAuthority(authority: Authority, metrics: Metrics): Promise<void> {
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

/** Consumers that time alone will not give the bundle: an Envoy that never acknowledged what it was sent, not a client that came once. */
function stuckIn(authorities: readonly AuthorityStatus[]): number {
  const stuck = authorities.flatMap(({ unacknowledged }) =>
    unacknowledged.filter(({ doneBy }) => doneBy === undefined),
  );
  return new Set(stuck.map(({ consumer, spiffeId }) => `${consumer} ${spiffeId}`)).size;
}
