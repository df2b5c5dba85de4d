/**
 * Key sets as they came from the primary → key sets that a Check verifies with.
 * @module
 */
import type { KeySet, KeySets } from '../state.ts';
import type { KeySetDocument, KeySetDocuments } from './documents.ts';
import { importKeySet } from './import-keys.ts';

const notFetched: KeySet = { keys: [], failure: 'Jwks remote fetch is failed' };

/** Imports every document. One that cannot be used refuses tokens with its reason; it never keeps the others from coming into force. */
export async function importKeySets(documents: KeySetDocuments): Promise<KeySets> {
  const sets = await Promise.all(
    [...documents.documents].map(async ([id, document]) => [id, await importDocument(document)] as const),
  );
  return { generation: documents.generation, sets: new Map(sets) };
}

const importDocument = async ({ jwks }: KeySetDocument): Promise<KeySet> =>
  jwks === undefined ? notFetched : importKeySet(jwks);
