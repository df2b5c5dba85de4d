/**
 * What a store holds after a backup was brought into it: of each authority and revocation the later state, whichever side has it.
 *
 * Which side is later is read from the audit, which only grows: who has every row of the other knows at least as much. Where
 * both have rows of their own they have parted, and the state that trusts less counts.
 * @module
 */
import type { AuthorityRecord, AuthorityState, AuthorityUse, Slot } from '../store/state.ts';
import type { AuditRow, Consumer, RevocationRow } from '../store/store.ts';

/** What one side knows. */
export interface Side {
  readonly version: number;
  readonly state: AuthorityState;
  /** Oldest first. */
  readonly audit: readonly AuditRow[];
  readonly revocations: readonly RevocationRow[];
  readonly consumers: readonly Consumer[];
}

/** store, backup: that side has all of the other's history. parted: each has steps that the other does not know. */
export type Later = 'store' | 'backup' | 'parted';

const textOf = (row: AuditRow): string =>
  JSON.stringify([row.at, row.who, row.verb, row.use, row.authorityId, row.reason, row.result]);

/** The rows that `known` does not have, as often as it does not have them. */
export function rowsBeyond(rows: readonly AuditRow[], known: readonly AuditRow[]): AuditRow[] {
  const left = new Map<string, number>();
  for (const row of known) left.set(textOf(row), (left.get(textOf(row)) ?? 0) + 1);
  return rows.filter((row) => {
    const times = left.get(textOf(row)) ?? 0;
    if (times > 0) left.set(textOf(row), times - 1);
    return times === 0;
  });
}

/** That a backup was brought in is no step of the authorities. */
const isStep = ({ verb }: AuditRow): boolean => verb !== 'restore';

/** Says which side is later. */
export function laterOf(store: Side, backup: Side): Later {
  const [ofStore, ofBackup] = [store.audit.filter(isStep), backup.audit.filter(isStep)];
  const storeHasAll = rowsBeyond(ofBackup, ofStore).length === 0;
  const backupHasAll = rowsBeyond(ofStore, ofBackup).length === 0;
  if (storeHasAll && backupHasAll) return backup.version > store.version ? 'backup' : 'store';
  if (storeHasAll) return 'store';
  return backupHasAll ? 'backup' : 'parted';
}

/** From trusted to sign, to not trusted at all. */
const rank: Record<Slot, number> = { prepared: 0, active: 1, old: 2, tainted: 3, revoked: 4 };

/**
 * The authorities, steps and join tokens that stand afterwards; sequences are the caller's matter. A join token never comes back
 * from a backup: it may have been used since.
 */
export function mergedState(store: Side, backup: Side, later: Later): AuthorityState {
  if (later === 'store') return store.state;
  const inBackup = new Set((backup.state.joinTokens ?? []).map(({ hash }) => hash));
  const joinTokens = (store.state.joinTokens ?? []).filter(({ hash }) => later === 'parted' || inBackup.has(hash));
  if (later === 'backup') return { ...backup.state, joinTokens };
  const authorities = onlyOneSigns(partedAuthorities(store, backup), store.state);
  // Steps of two histories cannot be taken back one after the other.
  return { ...store.state, authorities, steps: [], joinTokens, federated: partedBundles(store, backup) };
}

/** Of other trust domains the bundle with the higher sequence; what the store has not got it may have deleted. */
function partedBundles(store: Side, backup: Side): AuthorityState['federated'] {
  const ofBackup = new Map(backup.state.federated?.map((each) => [each.trustDomain, each]));
  return store.state.federated?.map((each) => {
    const other = ofBackup.get(each.trustDomain);
    return other !== undefined && BigInt(other.sequence) > BigInt(each.sequence) ? other : each;
  });
}

function partedAuthorities(store: Side, backup: Side): readonly AuthorityRecord[] {
  const ofBackup = new Map(backup.state.authorities.map((each) => [each.id, each]));
  const ofStore = new Set(store.state.authorities.map((each) => each.id));
  const gone = new Set(store.audit.filter(({ result }) => result === 'done').map(({ authorityId }) => authorityId));
  return [
    ...store.state.authorities.map((each) => furthest(each, ofBackup.get(each.id))),
    // What the store has let go knowingly, an undone one say, stays gone.
    ...backup.state.authorities.filter(({ id }) => !ofStore.has(id) && !gone.has(id)),
  ];
}

function furthest(store: AuthorityRecord, backup: AuthorityRecord | undefined): AuthorityRecord {
  if (backup === undefined) return store;
  const far = rank[backup.slot] > rank[store.slot] ? backup : store;
  return {
    ...far,
    taintedAt: store.taintedAt ?? backup.taintedAt,
    keyDestroyed: store.keyDestroyed || backup.keyDestroyed,
    publishedSequence: Math.max(store.publishedSequence, backup.publishedSequence),
  };
}

/** Of each use one is active and one prepared at most, the store's before the backup's; the others are trusted as old ones. */
function onlyOneSigns(authorities: readonly AuthorityRecord[], store: AuthorityState): readonly AuthorityRecord[] {
  const inStore = (slot: Slot): Set<string> =>
    new Set(store.authorities.filter((each) => each.slot === slot).map(({ id }) => id));
  const first = (use: AuthorityUse, slot: Slot): string | undefined => {
    const all = authorities.filter((each) => each.use === use && each.slot === slot);
    return (all.find(({ id }) => inStore(slot).has(id)) ?? all[0])?.id;
  };
  return authorities.map((each) =>
    (each.slot === 'active' || each.slot === 'prepared') && first(each.use, each.slot) !== each.id
      ? { ...each, slot: 'old' }
      : each,
  );
}

const keyOf = ({ kind, value }: RevocationRow): string => `${kind} ${value}`;

/** Says whether a side without the row has taken it back, and not merely never known it. */
function wasUndone(row: RevocationRow, { audit }: Side): boolean {
  return audit.some(
    ({ verb, reason, at }) =>
      verb === 'svid revoke --undo' && at >= row.revokedAt && reason.startsWith(`${keyOf(row)}: `),
  );
}

/** The revocations that stand afterwards. */
export function mergedRevocations(store: Side, backup: Side, later: Later): RevocationRow[] {
  const ofBackup = new Map(backup.revocations.map((row) => [keyOf(row), row]));
  const ofStore = new Set(store.revocations.map(keyOf));
  const kept = store.revocations.map((row) => {
    const other = ofBackup.get(keyOf(row));
    if (other === undefined || later === 'store') return row;
    return later === 'backup' || other.notAfterAt > row.notAfterAt ? other : row;
  });
  const added = backup.revocations.filter((row) => !ofStore.has(keyOf(row)) && !wasUndone(row, store));
  return [...kept, ...added];
}

/** The backup's consumers of whom the store has heard nothing, or nothing later. */
export function laterConsumers(store: Side, backup: Side): Consumer[] {
  const seenAt = new Map(store.consumers.map((each) => [each.consumer, each.lastSeenAt]));
  return backup.consumers.filter(
    ({ consumer, lastSeenAt }) => lastSeenAt > (seenAt.get(consumer) ?? Number.NEGATIVE_INFINITY),
  );
}
