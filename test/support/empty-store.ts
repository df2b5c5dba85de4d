/**
 * An authority store in memory that holds nothing yet.
 * @module
 */
import { createMemoryStore, type StoreContent } from '../../src/identity/authority/store/memory-store.ts';
import type { AuthorityStore } from '../../src/identity/authority/store/store.ts';

/** What such a store holds: the test may keep it, and open another store over it. */
export function emptyContent(): StoreContent {
  return { state: undefined, version: 0, ledger: new Map(), consumers: new Map(), audit: [], revocations: new Map() };
}

export const createEmptyStore = (): AuthorityStore => createMemoryStore(emptyContent());
