/**
 * Restores a backup into the store that a configuration names, while no Gatehouse uses it.
 * @module
 */
import { loadConfig } from '../../config/read-config.ts';
import { GatehouseError } from '../../errors.ts';
import { type Restored, type RestoreOrder, restoreBackup } from '../../identity/authority/recover/restore.ts';
import { systemClock } from '../../lib/clock.ts';
import { openRegularFile } from '../../lib/regular-file.ts';
import { prepareDataDir, reasonOf } from '../../platform/storage/data-dir.ts';
import { openStoredTexts } from '../../platform/storage/stored-texts.ts';
import { keyStoreOver, openToken } from '../token/token-keys.ts';
import { whoAmI } from '../who-am-i.ts';
import { openStore } from './identity-role.ts';
import { openKeyEncryptionKeys } from './key-encryption-file.ts';
import { storeMemory } from './store-memory.ts';

/**
 * Restores `file`.
 *
 * @throws GatehouseError as `restoreBackup`; `not_found`
 */
export async function restoreOffline(
  configFile: string,
  file: string,
  order: Omit<RestoreOrder, 'who'>,
): Promise<Restored & { readonly trustDomain: string }> {
  const config = loadConfig(configFile);
  await using bytes = await openRegularFile(file).catch((thrown: unknown) => {
    throw new GatehouseError('not_found', `${file} cannot be read: ${reasonOf(thrown)}`, { file }, { cause: thrown });
  });
  const keyEncryptionKey = openKeyEncryptionKeys(config);
  prepareDataDir(config.dataDir);
  using kept = openStoredTexts(config.dataDir);
  await using token = await openToken(config, kept);
  const { store, keys } = await openStore(config);
  try {
    const restored = await restoreBackup(
      bytes,
      { ...order, who: whoAmI() },
      {
        trustDomain: config.trustDomain,
        store,
        keys,
        keyEncryptionKey,
        clock: systemClock,
        memory: storeMemory(kept, config.trustDomain),
        keysMayBeGone: config.authority.keyStore === 'memory',
        openKeys: (blobs) =>
          keyStoreOver(blobs, { keyStore: config.authority.keyStore, encryption: keyEncryptionKey, token }),
      },
    );
    return { ...restored, trustDomain: config.trustDomain };
  } finally {
    await store[Symbol.asyncDispose]();
  }
}
