/**
 * Brings a backup back into a store: whatever the store knows later stands, and nothing that was revoked is believed again.
 * @module
 */
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import { referenceFrom } from '../keys/key-reference.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../keys/local-keys.ts';
import { proveSigner } from '../keys/prove-signer.ts';
import type { KeyBlobs, KeyStore } from '../keys/signer.ts';
import { refuseBesideReplicas } from '../replicas.ts';
import { type SeenStore, type StoreMemory, seenOf } from '../store/known-store.ts';
import {
  type AuthorityRecord,
  type AuthorityState,
  type AuthorityUse,
  emptyState,
  stateFromText,
} from '../store/state.ts';
import type { AuditRow, AuthorityStore, Consumer } from '../store/store.ts';
import type { BackupContent, BackupDeps } from './backup.ts';
import { openBackup, refuseBackup } from './open-backup.ts';
import {
  type Later,
  laterConsumers,
  laterOf,
  mergedRevocations,
  mergedState,
  rowsBeyond,
  type Side,
} from './restore-merge.ts';
import type { SealedBytes } from './sealed-bytes.ts';

export interface RestoreDeps extends BackupDeps {
  /** What this place has seen of its store. */
  readonly memory?: StoreMemory | undefined;
  /** Keys live in memory and are gone already: an authority without one is replaced at the start. */
  readonly keysMayBeGone?: boolean;
  /** The configured key store over other blobs; absent: one of this machine. Of a token every key is proved. */
  readonly openKeys?: (blobs: KeyBlobs) => Pick<KeyStore, 'open'>;
}

export interface RestoreOrder {
  /** e.g. `uid:0`, for the audit. */
  readonly who: string;
  readonly reason: string;
  /** The store knows no authority: what was revoked or rotated out since the backup is trusted again. */
  readonly fromEmpty: boolean;
}

/** What was done. */
export interface Restored {
  /** When the backup was made, milliseconds since 1970. */
  readonly createdAt: number;
  /** Negative where this clock is behind the one of the backup. */
  readonly ageMs: number;
  /** Which side knew more; `empty`: the store knew nothing. */
  readonly later: Later | 'empty';
  /** Who signs from now on. */
  readonly active: readonly { readonly use: AuthorityUse; readonly id: string }[];
}

/** The most rows that an audit can have. */
const ALL = Number.MAX_SAFE_INTEGER;

/**
 * Restores a backup into the store that `deps` hold open (SQLite: its lock keeps a living authority out). Sequences go on above
 * whatever may have been published since, and rows of the ledger are added to what is there.
 *
 * @throws GatehouseError `store_locked` when a replica lives; `not_sound` for an empty store without `fromEmpty`;
 *   `slot_state` for `fromEmpty` where the store is not empty; `store_unusable` when the file is cut, changed, of another trust
 *   domain or under another key, or the key of an authority that would sign is nowhere. Nothing is changed then.
 */
export async function restoreBackup(bytes: SealedBytes, order: RestoreOrder, deps: RestoreDeps): Promise<Restored> {
  const { createdAt, content, ledger } = await openBackup(bytes, deps);
  if (content.state === undefined) return refuseBackup('it is empty');
  await using _here = await refuseBesideReplicas(deps.store, 'restore');
  const store = await sideOf(deps);
  const seen = deps.memory?.read();
  const backup = { ...content, state: stateFromText(content.state) };
  const isEmpty = store.state.authorities.length === 0;
  checkOrder(order, isEmpty, createdAt);
  checkAge(order, Math.max(store.version, content.version), seen);
  const atMs = deps.clock.now();
  const later = isEmpty ? 'empty' : laterOf(store, backup);
  const authorities = isEmpty
    ? { ...backup.state, joinTokens: [] }
    : mergedState(store, backup, laterOf(store, backup));
  const state = withSequencesAbove(authorities, [store.state, backup.state], seen, atMs);
  await putKeys(state.authorities, content.keys, deps);
  const version = Math.max(content.version, store.version, seen?.version ?? 0) + 1;
  const audit: AuditRow = {
    at: atMs,
    who: order.who,
    verb: 'restore',
    use: '',
    authorityId: '',
    reason: order.fromEmpty ? `from empty: ${order.reason}` : order.reason,
    result: 'done',
  };
  const restored = {
    version,
    state,
    consumers: laterConsumers(store, backup),
    revocations: mergedRevocations(store, backup, isEmpty ? 'backup' : laterOf(store, backup)),
    audit: [...rowsBeyond(content.audit, store.audit), audit],
  };
  await deps.store.restore(restored, ledger());
  deps.memory?.write(seenOf(state, version));
  const active = state.authorities.filter(({ slot }) => slot === 'active').map(({ use, id }) => ({ use, id }));
  return { createdAt, ageMs: atMs - createdAt, later, active };
}

async function sideOf({ store, trustDomain }: BackupDeps): Promise<Side> {
  const { version, state } = await store.load();
  return {
    version,
    state: state ?? emptyState(trustDomain),
    audit: (await store.audit(ALL)).toReversed(),
    revocations: await store.revocations(),
    consumers: await allConsumers(store),
  };
}

async function allConsumers(store: Pick<AuthorityStore, 'consumers'>): Promise<readonly Consumer[]> {
  const all: Consumer[] = [];
  for await (const page of store.consumers()) all.push(...page);
  return all;
}

function checkOrder({ fromEmpty, reason }: RestoreOrder, isEmpty: boolean, createdAt: number): void {
  if (fromEmpty && reason.trim() === '')
    throw new GatehouseError('message_invalid', '--from-empty needs a reason (--reason TEXT), which the audit keeps');
  if (isEmpty && !fromEmpty) {
    throw new GatehouseError(
      'not_sound',
      `the store knows no authority: what was revoked or rotated out after ${new Date(createdAt).toISOString()}, when the backup was made, would be trusted again. Check store and dataDir in the configuration; if the store is lost indeed, say --from-empty --reason TEXT`,
      { createdAt: new Date(createdAt).toISOString() },
    );
  }
  if (!isEmpty && fromEmpty)
    throw new GatehouseError(
      'slot_state',
      'the store is not empty: without --from-empty the backup is brought into it, and what the store knows later stands',
    );
}

/** A store that was set back and a backup from before know both too little. */
function checkAge({ reason }: RestoreOrder, version: number, seen: SeenStore | undefined): void {
  if (seen === undefined || version >= seen.version || reason.trim() !== '') return;
  throw new GatehouseError(
    'not_sound',
    `the store had version ${seen.version} of the authorities' state, and neither what is there now nor the backup is that new (${version}): what was revoked or rotated out since would be trusted again. Look for a newer backup; if there is none, say --reason TEXT`,
    { version, seen: seen.version },
  );
}

/** Counts of steps never reach the seconds since 1970, so that number is above all that was published after the backup. */
function withSequencesAbove(
  state: AuthorityState,
  known: readonly [AuthorityState, AuthorityState],
  seen: SeenStore | undefined,
  atMs: number,
): AuthorityState {
  const above = (of: (state: AuthorityState) => number): number =>
    Math.max(...known.map(of), seen?.sequence ?? 0, Math.floor(atMs / 1000)) + 1;
  return {
    ...state,
    sequence: above(({ sequence }) => sequence),
    crlNumber: above(({ crlNumber }) => crlNumber),
    revocationSequence: above(({ revocationSequence }) => revocationSequence),
  };
}

/** Puts the keys that are still needed, and no others: what was destroyed stays so. Each is opened before the first is put. */
async function putKeys(
  authorities: readonly AuthorityRecord[],
  kept: BackupContent['keys'],
  deps: RestoreDeps,
): Promise<void> {
  const readable = createMemoryKeyBlobs();
  for (const { id, use, slot, keyDestroyed } of authorities) {
    if (keyDestroyed || slot === 'revoked') continue;
    const base64 = kept[id];
    if (base64 !== undefined) await putReadable({ id, slot }, Buffer.from(base64, 'base64'), readable, deps);
    else if (slot === 'active' && deps.keysMayBeGone !== true && (await deps.keys.get(id)) === undefined)
      refuseBackup(
        `the key of the ${use} authority ${id}, which would sign, is not in it, and not beside the store either`,
      );
  }
  for (const id of await readable.list()) await deps.keys.put(id, (await readable.get(id)) ?? new Uint8Array());
}

/** Opening it wraps one that is from before there was a key-encryption key. */
async function putReadable(
  { id, slot }: Pick<AuthorityRecord, 'id' | 'slot'>,
  bytes: Uint8Array,
  into: KeyBlobs,
  deps: RestoreDeps,
): Promise<void> {
  await into.put(id, bytes);
  try {
    const keys = deps.openKeys?.(into) ?? createLocalKeyStore(into, deps.keyEncryptionKey);
    const signer = await keys.open(id);
    if (signer) await proveSigner(signer);
  } catch (thrown) {
    const { code, message } = asGatehouseError(thrown);
    if (code === 'keys_unavailable') throw thrown;
    // A token has no key twice: what was destroyed on it since cannot be had, and need not, unless it would sign.
    if (slot !== 'active' && referenceFrom(bytes) !== undefined) return into.remove(id);
    refuseBackup(message, thrown);
  }
}
