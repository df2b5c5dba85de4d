/**
 * What the data directory remembers of the authority's store, so that a lost or misspelt one is not taken for a first start.
 * @module
 */
import type { SeenStore, StoreMemory } from '../../identity/authority/store/known-store.ts';
import type { StoredTexts } from '../../platform/storage/stored-texts.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { FEED_BUNDLES, openFeedMemory } from '../feed/feed-memory.ts';

const NAME = 'authority store';

/** Opens it over what is kept in the data directory. What belongs to another trust domain counts as nothing. */
export function storeMemory(kept: StoredTexts, trustDomain: TrustDomain): StoreMemory {
  return {
    read() {
      const text = kept.get(NAME);
      // Written below, behind the store's own checksums.
      const seen = text === undefined ? undefined : (JSON.parse(text) as SeenStore & { readonly trustDomain: string });
      return seen?.trustDomain === trustDomain ? seen : followed(kept, trustDomain);
    },
    write: (seen) => kept.set(NAME, JSON.stringify({ trustDomain, ...seen })),
  };
}

/** A directory that followed an authority elsewhere has seen that one. */
function followed(kept: StoredTexts, trustDomain: TrustDomain): SeenStore | undefined {
  if (kept.get(FEED_BUNDLES) === undefined) return undefined;
  const own = openFeedMemory(kept, trustDomain).bundles()?.own;
  if (own === undefined || own.x509Authorities.length === 0) return undefined;
  return { version: 0, sequence: own.sequence, known: [`bundle ${own.sequence} of the authority that it followed`] };
}
