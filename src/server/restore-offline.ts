/**
 * Restores a backup into the store that a configuration names, while no Gatehouse uses it.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/read-config.ts';
import { GatehouseError } from '../errors.ts';
import { restoreBackup } from '../identity/authority/backup.ts';
import { createAccounts } from '../lib/accounts.ts';
import { systemClock } from '../lib/clock.ts';
import { prepareDataDir, reasonOf } from '../platform/storage/data-dir.ts';
import { openStore, readKeyEncryptionKey } from './identity-role.ts';

/**
 * Restores `file`.
 *
 * @throws GatehouseError `store_locked` beside a living authority; `store_unusable` for a file that is cut short, changed, of
 *   another trust domain or under another key; `not_found`
 */
export async function restoreOffline(configFile: string, file: string): Promise<{ readonly trustDomain: string }> {
  const config = loadConfig(configFile);
  const bytes = await readFile(file).catch((thrown: unknown) => {
    throw new GatehouseError('not_found', `${file} cannot be read: ${reasonOf(thrown)}`, { file }, { cause: thrown });
  });
  const keyEncryptionKey = readKeyEncryptionKey(config);
  const uid = process.geteuid?.() ?? -1;
  const name = createAccounts().userName(uid);
  prepareDataDir(config.dataDir);
  const { store, keys } = await openStore(config);
  try {
    const who = name === undefined ? `uid:${uid}` : `uid:${uid} (${name})`;
    await restoreBackup(bytes, who, {
      trustDomain: config.trustDomain,
      store,
      keys,
      keyEncryptionKey,
      clock: systemClock,
    });
  } finally {
    await store[Symbol.asyncDispose]();
  }
  return { trustDomain: config.trustDomain };
}
