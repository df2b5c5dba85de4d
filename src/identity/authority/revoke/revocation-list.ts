/**
 * The list of the revocations in force, and how a certificate is looked up in it.
 * @module
 */
import { deciderNameOf } from '../join/decider-names.ts';
import type { RevocationRow, UnexpiredRow } from '../store/store.ts';

/** All revocations that have not expired, as one value: deciders take all of them, CRLs the serials. */
export interface RevocationList {
  /** Rises with every change. */
  readonly sequence: number;
  readonly rows: readonly RevocationRow[];
}

/** The key of a revocation, e.g. `serial 4f2a`. */
export const keyOf = ({ kind, value }: Pick<RevocationRow, 'kind' | 'value'>): string => `${kind} ${value}`;

/** The revocation of an ID, a key or a decider under which an issued certificate falls; undefined without one. */
export function revocationOf(
  row: Pick<UnexpiredRow, 'kind' | 'spiffeId' | 'spkiSha256' | 'channel' | 'consumer'>,
  keyed: ReadonlyMap<string, RevocationRow>,
): RevocationRow | undefined {
  if (row.kind !== 'x509') return undefined;
  return (
    keyed.get(`id ${row.spiffeId}`) ?? keyed.get(`spki ${row.spkiSha256}`) ?? keyed.get(`decider ${deciderNameOf(row)}`)
  );
}
