/**
 * Tracks the revocations in force, as they stand in the store: the list that deciders get, and the CRLs for everybody else.
 * @module
 */
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import type { AuthorityStore, RevocationKind, RevocationRow } from '../store/store.ts';
import { type CrlDeps, createCrls } from './crls.ts';
import { keyOf, type RevocationList } from './revocation-list.ts';

/** The revocations in force in this process. */
export interface RevocationTracker {
  readonly list: Watchable<RevocationList>;
  readonly crls: Watchable<readonly Uint8Array[]>;
  /** Whether that is revoked, without a look at the store. */
  has(kind: RevocationKind, value: string): boolean;
  /**
   * Reads again what other replicas may have written, drops what has expired, and signs CRLs anew when they are due.
   *
   * @param force  tells the watchers although nothing seems to have changed
   * @throws GatehouseError `store_unavailable`
   */
  refresh(force: boolean): Promise<void>;
}

export interface RevocationListDeps extends CrlDeps {
  readonly store: Pick<AuthorityStore, 'unexpired' | 'revocations'>;
}

/** Loads the revocations that the store holds. @throws GatehouseError `store_unavailable` */
export async function loadRevocations(deps: RevocationListDeps): Promise<RevocationTracker> {
  const { store, current, clock } = deps;
  const unexpired = async (): Promise<readonly RevocationRow[]> =>
    (await store.revocations()).filter((row) => row.notAfterAt > clock.now());
  const list = createWatchable<RevocationList>({
    sequence: current.state.revocationSequence,
    rows: await unexpired(),
  });
  const crls = createCrls(deps);
  // Asked for every issuance.
  let keys = keysOf(list.value);
  list.subscribe((value) => {
    keys = keysOf(value);
  });
  return {
    list,
    crls: crls.published,
    has: (kind, value) => keys.has(keyOf({ kind, value })),
    async refresh(force) {
      const { revocationSequence } = current.state;
      const found = await unexpired();
      const rows = revocationSequence === list.value.sequence ? withKnown(found, list.value.rows, clock.now()) : found;
      if (force || revocationSequence !== list.value.sequence || rows.length !== list.value.rows.length) {
        list.replace({ sequence: revocationSequence, rows });
      }
      if (rows.length > 0 || crls.published.value.length > 0) await crls.sign(list.value);
    },
  };
}

/** Nothing was taken back: what is missing in the store was lost there, and holds on. */
function withKnown(
  found: readonly RevocationRow[],
  known: readonly RevocationRow[],
  atMs: number,
): readonly RevocationRow[] {
  const names = new Set(found.map(keyOf));
  const lost = known.filter((row) => row.notAfterAt > atMs && !names.has(keyOf(row)));
  return lost.length === 0 ? found : [...found, ...lost];
}

const keysOf = ({ rows }: RevocationList): ReadonlySet<string> => new Set(rows.map(keyOf));
