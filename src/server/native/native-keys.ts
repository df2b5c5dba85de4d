/**
 * The keys by which Envoys verify tokens, as they are known here.
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import type { KeySetDocuments } from '../../authz/jwks/documents.ts';
import { importKeySets } from '../../authz/jwks/import-key-sets.ts';
import { tokenKeysOf } from '../../authz/native/tokens/token-keys.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { TokenKeySets } from '../../policy/compile-envoy/tokens/token-filters.ts';

/** Follows the documents until disposed. One that comes anew with the same keys is no change. */
export function createNativeKeys(documents: Watchable<KeySetDocuments>): Watchable<TokenKeySets> & Disposable {
  const keys = createWatchable<TokenKeySets>(new Map());
  let latest = 0;
  const take = async (now: KeySetDocuments): Promise<void> => {
    latest += 1;
    const own = latest;
    const next = tokenKeysOf(await importKeySets(now)); // never rejects
    if (own === latest && !isDeepStrictEqual(next, keys.value)) keys.replace(next);
  };
  const unsubscribe = documents.subscribe((now) => void take(now));
  void take(documents.value);
  return {
    get value() {
      return keys.value;
    },
    subscribe: (listener) => keys.subscribe(listener),
    [Symbol.dispose]() {
      latest += 1;
      unsubscribe();
    },
  };
}
