/**
 * Wraps all keys anew: at start what lies plain, and at an order all of them with another key-encryption key, while everything
 * serves. What is under way stands in the state, so that after a crash the next start, or the next order, goes on.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { type KeyEncryptionKeys, keyEncryptionKeyId } from './keys/key-encryption.ts';
import type { KeyStore, Rewrapped } from './keys/signer.ts';
import type { ReplicaReport, Replicas } from './replicas.ts';
import type { CurrentState } from './store/current-state.ts';
import type { AuthorityStore } from './store/store.ts';

/** The result of wrapping all keys anew. */
export interface RewrapOutcome extends Rewrapped {
  /** Names the key-encryption key that wraps now. */
  readonly keyEncryptionKey: string;
}

export interface RewrapDeps {
  readonly keys: KeyStore;
  readonly current: CurrentState;
  readonly store: Pick<AuthorityStore, 'shared'>;
  readonly replicas: Pick<Replicas, 'others'>;
  readonly clock: Clock;
}

/** What a replica reports of its key-encryption keys, as its file has them now. */
export function reportOfKeys(encryption: KeyEncryptionKeys | undefined): Partial<ReplicaReport> {
  try {
    encryption?.reload();
  } catch {
    // It is being written, or is no good: what was known goes on, and whoever orders anew is told.
  }
  const wrapping = encryption?.wrapping();
  if (encryption === undefined || wrapping === undefined) return {};
  return { keyEncryptionKeys: encryption.ids(), wrapsWith: keyEncryptionKeyId(wrapping) };
}

/**
 * Wraps at start what lies plain: keys from before there was a key-encryption key, whatever slot they are for. With others at the
 * same store only what was ordered is wrapped with another key: they may not know it.
 */
export async function rewrapAtStart({ keys, current, store }: RewrapDeps): Promise<Rewrapped | undefined> {
  const ordered = current.state.keyEncryptionKeyId;
  keys.encryption?.prefer(ordered);
  const isFree = !store.shared || (ordered !== undefined && keys.encryption?.ids().includes(ordered) === true);
  const done = await keys.rewrap?.(isFree ? 'all' : 'plain');
  await destroyAgain(keys, current);
  return done;
}

const CONFIRM_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

/**
 * Wraps everything with the first key of the file.
 *
 * @throws GatehouseError `key_invalid` without a key-encryption key; `slot_state` while another replica does not know it
 */
export async function rewrapAll(deps: RewrapDeps, who: string, reason: string): Promise<RewrapOutcome> {
  const { keys, current, clock } = deps;
  const { encryption } = keys;
  encryption?.reload();
  const [id] = encryption?.ids() ?? [];
  if (encryption === undefined || keys.rewrap === undefined || id === undefined)
    throw new GatehouseError('key_invalid', 'there is no key-encryption key: set authority.keyEncryptionKeyFile');
  await everybodyKnows(deps, id);
  const audit = { at: clock.now(), who, verb: 'ca rewrap', use: '', authorityId: '', reason, result: 'done' } as const;
  await current.change((state) => ({ state: { ...state, keyEncryptionKeyId: id }, audit }));
  encryption.prefer(id);
  const first = await keys.rewrap('all');
  // What another replica made meanwhile is wrapped as before, until it has read that.
  await everybodyWraps(deps, id);
  const second = await keys.rewrap('all');
  await destroyAgain(keys, current);
  return { ...second, rewrapped: first.rewrapped + second.rewrapped, keyEncryptionKey: id };
}

async function everybodyKnows({ replicas }: RewrapDeps, id: string): Promise<void> {
  const until = performance.now() + CONFIRM_WITHIN_MS;
  for (;;) {
    const ignorant = (await replicas.others()).filter((each) => each.keyEncryptionKeys?.includes(id) !== true);
    if (ignorant.length === 0) return;
    if (performance.now() < until) {
      await delay(LOOK_EVERY_MS); // each reads its file again with every sign of life
      continue;
    }
    const names = ignorant.map(({ name }) => name);
    throw new GatehouseError(
      'slot_state',
      `nothing was wrapped anew: ${names.join(', ')} could not read keys under the key-encryption key ${id}: write it into keyEncryptionKeyFile there too, beside the one that is there, one a line`,
      { replicas: names, keyEncryptionKey: id },
    );
  }
}

async function everybodyWraps({ replicas }: RewrapDeps, id: string): Promise<void> {
  const until = performance.now() + CONFIRM_WITHIN_MS;
  for (;;) {
    const late = (await replicas.others()).filter((each) => each.wrapsWith !== id);
    if (late.length === 0) return;
    if (performance.now() >= until)
      throw new GatehouseError(
        'unreachable',
        `all keys are wrapped anew, but ${late.map(({ name }) => name).join(', ')} has not said that it wraps with it too: keep the former key, and order it once more`,
        { replicas: late.map(({ name }) => name) },
      );
    await delay(LOOK_EVERY_MS);
  }
}

/** A key that was destroyed while it was wrapped anew may have come back. */
async function destroyAgain(keys: KeyStore, { state }: CurrentState): Promise<void> {
  const held = new Set(await keys.list());
  for (const { id, keyDestroyed } of state.authorities) if (keyDestroyed && held.has(id)) await keys.remove(id);
}
