/**
 * Looks whether the authority's store is of a newer Gatehouse before anything beside it is written: what is refused stays as it was.
 * @module
 */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { openStore } from './identity-role.ts';

/**
 * Opens the store, reads its state, and closes it again. One that is not there yet is left so.
 *
 * @throws GatehouseError `store_unusable` naming its version and ours; whatever else keeps it from being opened
 */
export async function refuseNewerStore(config: Config): Promise<void> {
  if (config.store.kind === 'sqlite' && !existsSync(config.store.path)) return;
  const { store } = await openStore(config);
  await using _ = store;
  await store.load();
}
