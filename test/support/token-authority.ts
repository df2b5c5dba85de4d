/**
 * An authority over SQLite whose keys are on a token.
 * @module
 */
import { join } from 'node:path';
import type { Pkcs11Config } from '../../src/config/config.ts';
import type { GatehouseError } from '../../src/errors.ts';
import type { Authority } from '../../src/identity/authority/authority.ts';
import { createAuthority } from '../../src/identity/authority/create-authority.ts';
import { createKeyEncryptionKeys } from '../../src/identity/authority/keys/key-encryption.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { prepareDataDir } from '../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../src/platform/storage/key-files.ts';
import { openSqliteAuthorityStore } from '../../src/platform/storage/sqlite-authority-store.ts';
import { openStoredTexts } from '../../src/platform/storage/stored-texts.ts';
import { keyStoreOver, openToken } from '../../src/server/token/token-keys.ts';
import { trustDomain } from './authority.ts';
import { defaultSettings } from './settings.ts';

export interface TokenAuthority extends AsyncDisposable {
  readonly authority: Authority;
  /** What was reported in the background. */
  readonly reported: readonly GatehouseError[];
}

/** Opens it as a server does. */
export async function openTokenAuthority(dataDir: string, pkcs11: Pkcs11Config): Promise<TokenAuthority> {
  prepareDataDir(dataDir);
  await using stack = new AsyncDisposableStack();
  const kept = stack.use(openStoredTexts(dataDir));
  const keyStore = { pkcs11 };
  const token = stack.use(await openToken({ authority: { keyStore }, trustDomain }, kept));
  const reported: GatehouseError[] = [];
  const authority = await createAuthority({
    trustDomain,
    store: openSqliteAuthorityStore(join(dataDir, 'gatehouse.db'), trustDomain),
    keys: keyStoreOver(createKeyFiles(join(dataDir, 'keys')), {
      keyStore,
      encryption: createKeyEncryptionKeys(() => []),
      token,
    }),
    clock: systemClock,
    settings: defaultSettings,
    report: (error) => void reported.push(error),
  });
  const opened = stack.move();
  return {
    authority,
    reported,
    async [Symbol.asyncDispose]() {
      await authority[Symbol.asyncDispose]();
      await opened.disposeAsync();
    },
  };
}
