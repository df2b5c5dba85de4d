/**
 * Revocations from the authority's words to those of Check: this is where identity meets authorisation.
 * @module
 */

import type { Revocations } from '../authz/state.ts';
import type { RevocationList } from '../identity/authority/authority.ts';

/** Sorts the rows into sets. */
export function revocationsOf({ sequence, rows }: RevocationList): Revocations {
  const of = (kind: string): ReadonlySet<string> =>
    new Set(rows.filter((row) => row.kind === kind).map(({ value }) => value));
  return { sequence, spiffeIds: of('id'), serials: of('serial'), spkis: of('spki') };
}
