/**
 * The X.509-SVIDs that the streams of one consumer share: the same identity on the same terms is signed once, until it is due
 * for renewal.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { Entitlement, IdentitySource, X509Request } from '../source/identity-source.ts';

/** The X.509-SVIDs of one consumer's streams. */
export interface SvidCache {
  /** The SVID now in use for this request, or a new one. @throws GatehouseError as `IdentitySource.issueX509` */
  get(request: X509Request): Promise<X509Svid>;
}

interface Slot {
  svid: X509Svid | undefined;
  issuing: Issuing | undefined;
}

interface Issuing {
  readonly svid: Promise<X509Svid>;
  /** One stream more waits for it; once all that wait have gone it is given up. */
  wait(signal: AbortSignal | undefined): Promise<X509Svid>;
}

/** Creates an empty cache; it holds one SVID an identity, so it needs no bound of its own. */
export function createSvidCache({ source, clock }: { source: IdentitySource; clock: Clock }): SvidCache {
  const slots = new Map<string, Slot>();

  function begin(slot: Slot, request: X509Request): Issuing {
    const giveUp = new AbortController();
    let waiting = 0;
    const end = (): void => {
      if (slot.issuing === issuing) slot.issuing = undefined; // who comes now begins anew
    };
    const issue = async (): Promise<X509Svid> => {
      try {
        slot.svid = await source.issueX509({ ...request, signal: giveUp.signal });
        return slot.svid;
      } finally {
        end();
      }
    };
    const issuing: Issuing = {
      svid: issue(),
      async wait(signal) {
        waiting += 1;
        const leave = (): void => {
          waiting -= 1;
          if (waiting > 0) return;
          end();
          giveUp.abort();
        };
        if (signal?.aborted) leave();
        signal?.addEventListener('abort', leave, { once: true });
        try {
          return await issuing.svid;
        } finally {
          signal?.removeEventListener('abort', leave);
        }
      },
    };
    return issuing;
  }

  return {
    async get(request) {
      const key = JSON.stringify([termsOf(request.entitlement), request.selectors]);
      const slot = slots.get(key) ?? { svid: undefined, issuing: undefined };
      slots.set(key, slot);
      const now = clock.now();
      // One that a clock that was ahead has signed is due at once.
      if (slot.svid !== undefined && now >= slot.svid.notBeforeAt && now < source.renewAt(slot.svid)) return slot.svid;
      slot.issuing ??= begin(slot, request);
      return slot.issuing.wait(request.signal);
    },
  };
}

const terms = new WeakMap<Entitlement, string>();

/** Everything about an entitlement that a certificate shows. */
export function termsOf(entitlement: Entitlement): string {
  const known = terms.get(entitlement);
  if (known !== undefined) return known;
  const { spiffeId, x509SvidTtlMs, dnsNames } = entitlement;
  const made = JSON.stringify([spiffeId, x509SvidTtlMs, dnsNames]);
  terms.set(entitlement, made);
  return made;
}
