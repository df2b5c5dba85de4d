/**
 * The X.509-SVIDs that the streams of one consumer share: the same identity on the same terms is signed once, until it is due
 * for renewal.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { Entitlement, IdentitySource, X509Request } from './identity-source.ts';

export interface SvidCache {
  /** The SVID now in use for this request, or a new one. @throws GatehouseError as `IdentitySource.issueX509` */
  get(request: X509Request): Promise<X509Svid>;
}

interface Slot {
  svid: X509Svid | undefined;
  issuing: Promise<X509Svid> | undefined;
}

/** Creates an empty cache; it holds one SVID an identity, so it needs no bound of its own. */
export function createSvidCache({ source, clock }: { source: IdentitySource; clock: Clock }): SvidCache {
  const slots = new Map<string, Slot>();

  async function issue(slot: Slot, request: X509Request): Promise<X509Svid> {
    try {
      slot.svid = await source.issueX509(request);
      return slot.svid;
    } finally {
      slot.issuing = undefined;
    }
  }

  return {
    async get(request) {
      const key = JSON.stringify([termsOf(request.entitlement), request.selectors]);
      const slot = slots.get(key) ?? { svid: undefined, issuing: undefined };
      slots.set(key, slot);
      if (slot.svid !== undefined && clock.now() < source.renewAt(slot.svid)) return slot.svid;
      slot.issuing ??= issue(slot, request);
      return slot.issuing;
    },
  };
}

/** Everything about an entitlement that a certificate shows. */
export function termsOf({ spiffeId, x509SvidTtlMs, dnsNames }: Entitlement): string {
  return JSON.stringify([spiffeId, x509SvidTtlMs, dnsNames]);
}
