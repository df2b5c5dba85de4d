/**
 * What a revocation would hit: the SVIDs of that name that live, or the name that was probably meant.
 * In: what was named, and the ledger. Out: counts, so that an operator sees whether the right one was named.
 * @module
 */
import { nearestSearch } from '../../../lib/nearest.ts';
import { deciderNameOf } from '../join/decider-names.ts';
import type { AuthorityStore, RevocationKind, UnexpiredRow } from '../store/store.ts';

/** What a revocation would hit. */
export interface RevocationTarget {
  readonly kind: RevocationKind;
  /** As Check compares it. */
  readonly value: string;
  /** Whether anything by that name was ever issued, or may be. */
  readonly isKnown: boolean;
  /** The name that was probably meant, where this one is not known. */
  readonly nearest: string | undefined;
  /** Certificates that it hits and that have not expired. */
  readonly liveSvids: number;
  /** Tokens of that ID that have not expired: a validator elsewhere takes them until they do. */
  readonly liveTokens: number;
}

/** More slips than that, and it was another name that was meant. */
const MOST_SLIPS: Readonly<Record<RevocationKind, number>> = { id: 6, serial: 3, spki: 6, decider: 3 };

const nameIn: Readonly<Record<RevocationKind, (row: UnexpiredRow) => string>> = {
  id: (row) => row.spiffeId,
  serial: (row) => (row.kind === 'x509' ? row.serial : ''),
  spki: (row) => row.spkiSha256,
  decider: deciderNameOf,
};

/**
 * Looks for what `value` names.
 *
 * @param mayBe  names that are right although nothing was issued to them yet: those of entries
 */
export async function findRevocationTarget(
  { kind, value }: { readonly kind: RevocationKind; readonly value: string },
  store: AuthorityStore,
  mayBe: readonly string[],
  atMs: number,
): Promise<RevocationTarget> {
  const near = nearestName(kind, value);
  for (const name of mayBe) near.see(name);
  const live = { x509: 0, jwt: 0 };
  for await (const page of store.unexpired(atMs)) {
    for (const row of page) {
      const name = nameIn[kind](row);
      if (name === value) live[row.kind] += 1;
      else if (name !== '') near.see(name);
    }
  }
  const isKnown = live.x509 + live.jwt > 0 || mayBe.includes(value) || (await wasIssued(kind, value, store));
  const nearest = isKnown ? undefined : near.found();
  return { kind, value, isKnown, nearest, liveSvids: live.x509, liveTokens: live.jwt };
}

/** Also what has expired: a key may come again, and the serial of an old certificate is no typo. */
async function wasIssued(kind: RevocationKind, value: string, store: AuthorityStore): Promise<boolean> {
  if (kind === 'decider') return false; // what has expired keeps nobody in, and its name is free
  const asked = {
    id: { spiffeId: value },
    serial: { serial: value, kind: 'x509' },
    spki: { spkiSha256: value },
  } as const;
  return (await store.ledger({ ...asked[kind], limit: 1 })).length > 0;
}

/** By slips of the pen first; then, of IDs, the same workload at another place. */
function nearestName(kind: RevocationKind, value: string) {
  const search = nearestSearch(value, MOST_SLIPS[kind]);
  const last = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
  const wanted = last(value);
  let namesake: string | undefined;
  return {
    see(name: string): void {
      search.see(name);
      if (kind === 'id' && namesake === undefined && last(name) === wanted) namesake = name;
    },
    found: (): string | undefined => search.found() ?? namesake,
  };
}
