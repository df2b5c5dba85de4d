/**
 * Sees at start to keys that are far away: each is proved, and what a crash has left of one is destroyed.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { KeyStore } from './keys/signer.ts';
import type { Replicas } from './replicas.ts';
import type { CurrentState } from './store/current-state.ts';
import { activeOf } from './store/state.ts';
import type { AuthorityStore } from './store/store.ts';

export interface RemoteKeysDeps {
  readonly keys: Pick<KeyStore, 'remote'>;
  readonly current: Pick<CurrentState, 'state'>;
  readonly store: Pick<AuthorityStore, 'shared'>;
  readonly replicas: Pick<Replicas, 'others'>;
  readonly report: (error: GatehouseError) => void;
}

/** A key that another replica makes has its place in the state long before. */
const SURELY_LEFT_MS = 10 * 60_000;

/**
 * Proves the keys of all authorities that are trusted, and tells of what is wrong.
 *
 * @throws GatehouseError `keys_unavailable`; `store_unusable` where an authority that signs cannot
 */
export async function sortRemoteKeys(deps: RemoteKeysDeps): Promise<void> {
  const { remote } = deps.keys;
  if (remote === undefined) return;
  const { authorities } = deps.current.state;
  const known = new Set(authorities.map(({ id }) => id));
  for (const name of await remote.sweep((id) => known.has(id), await leftAfterMs(deps)))
    deps.report(
      new GatehouseError(
        'key_invalid',
        `the key ${name} was being made when the server ended, and no authority has it: it was destroyed on the token`,
        { keyId: name },
      ),
    );
  const kept = authorities.filter(({ slot, keyDestroyed }) => slot !== 'revoked' && !keyDestroyed);
  const lost = new Set(await remote.prove(kept.map(({ id }) => id)));
  for (const { id, use, slot } of kept.filter((each) => lost.has(each.id))) {
    const message = `the token does not sign with the key of the ${slot} ${use} authority ${id}: it is not there, or is another one`;
    if (slot === 'active')
      throw new GatehouseError('store_unusable', `${message}; bring back the token, or a backup of it`, { id });
    deps.report(new GatehouseError('key_invalid', message, { id }));
  }
  const strange = await remote.unknown();
  if (strange.length === 0) return;
  const message = `the token has ${strange.length} keys with the label of this trust domain that this store does not know (${strange.slice(0, 4).join(', ')}): they are left alone. Where no other installation uses the token, the store is older than its keys, or has lost them`;
  deps.report(new GatehouseError('key_invalid', message, { keys: strange.length }));
}

/** Where others use the store, only one who is alone there may tell what nobody makes any more. */
async function leftAfterMs({ store, replicas }: RemoteKeysDeps): Promise<number> {
  if (!store.shared) return 0;
  return (await replicas.others()).length === 0 ? SURELY_LEFT_MS : Number.POSITIVE_INFINITY;
}

/** Why one of the keys that sign now cannot; empty: they can. */
export function keysTrouble(keys: Pick<KeyStore, 'remote'>, { state }: Pick<CurrentState, 'state'>): string {
  const signing = [activeOf(state, 'x509'), activeOf(state, 'jwt')].flatMap((each) => (each ? [each.id] : []));
  return keys.remote?.trouble(signing) ?? '';
}
