/**
 * The X.509-SVIDs that one stream holds, renewed when they are due.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { Attestation } from '../attestation/attestor.ts';
import type { Entry } from '../registration/entry.ts';
import type { ConsumerStream } from './consumers.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import type { Channel } from './identity-source.ts';
import { termsOf } from './svid-cache.ts';

export interface HeldSvid {
  readonly entry: Entry;
  readonly svid: X509Svid;
}

export interface HeldSvids {
  /**
   * The SVIDs for these entries, in their order; those that are still good are the same as before.
   * When a renewal fails, the one held stays until it expires.
   *
   * @throws GatehouseError as `IdentitySource.issueX509`, when there is none to fall back on
   */
  refresh(entries: readonly Entry[], attestation: Attestation): Promise<HeldSvid[]>;
  /** When to refresh again, in milliseconds since 1970, if nothing else happens. */
  readonly dueAt: number;
}

interface Slot {
  readonly terms: string;
  readonly svid: X509Svid;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Creates the set of one stream. */
export function createHeldSvids(
  { source, clock, observer }: DeliveryDeps,
  { consumer, svids }: ConsumerStream,
  channel: Channel,
): HeldSvids {
  let slots = new Map<string, Slot>();
  let retryMs = FIRST_RETRY_MS;
  let retryAt = 0;

  async function svidFor(entry: Entry, { selectors }: Attestation): Promise<X509Svid> {
    const terms = termsOf(entry);
    const slot = slots.get(entry.spiffeId);
    const held = slot?.terms === terms ? slot.svid : undefined;
    const now = clock.now();
    if (held !== undefined && now < held.notAfterAt && (now < source.renewAt(held) || now < retryAt)) return held;
    try {
      const svid = await svids.get({ entitlement: entry, selectors, channel, consumer });
      retryMs = FIRST_RETRY_MS;
      return svid;
    } catch (thrown) {
      if (held === undefined || clock.now() >= held.notAfterAt) throw thrown;
      const error = asGatehouseError(thrown);
      if (error.code !== 'cancelled') observer.renewalFailed(entry.spiffeId, error);
      retryAt = clock.now() + retryMs;
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      return held;
    }
  }

  return {
    async refresh(entries, attestation) {
      const out = await Promise.all(entries.map(async (entry) => ({ entry, svid: await svidFor(entry, attestation) })));
      slots = new Map(out.map(({ entry, svid }) => [entry.spiffeId, { terms: termsOf(entry), svid }]));
      return out;
    },
    get dueAt() {
      let due = Number.POSITIVE_INFINITY;
      for (const { svid } of slots.values()) {
        due = Math.min(due, Math.max(source.renewAt(svid), Math.min(retryAt, svid.notAfterAt)));
      }
      return due;
    },
  };
}
