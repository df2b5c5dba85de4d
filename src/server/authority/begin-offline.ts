/**
 * Begins anew in the store that a configuration names, while no Gatehouse uses it.
 * @module
 */
import { loadConfig } from '../../config/read-config.ts';
import { type Begun, beginAnew } from '../../identity/authority/recover/begin.ts';
import { systemClock } from '../../lib/clock.ts';
import { prepareDataDir } from '../../platform/storage/data-dir.ts';
import { openStoredTexts } from '../../platform/storage/stored-texts.ts';
import { whoAmI } from '../who-am-i.ts';
import { openStore } from './identity-role.ts';
import { storeMemory } from './store-memory.ts';

/** Begins anew. @throws GatehouseError as `beginAnew` */
export async function beginOffline(
  configFile: string,
  reason: string,
): Promise<Begun & { readonly trustDomain: string }> {
  const config = loadConfig(configFile);
  const { trustDomain } = config;
  prepareDataDir(config.dataDir);
  using kept = openStoredTexts(config.dataDir);
  const { store, keys } = await openStore(config);
  try {
    const memory = storeMemory(kept, trustDomain);
    return {
      ...(await beginAnew(whoAmI(), reason, { trustDomain, store, keys, memory, clock: systemClock })),
      trustDomain,
    };
  } finally {
    await store[Symbol.asyncDispose]();
  }
}
