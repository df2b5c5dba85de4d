/**
 * A process that opens an authority and issues in a loop, and says each serial once its SVID has left. Killed by its test.
 * Arguments: data directory, and the verbs that it walks through while it issues; `backup` is one of them.
 */
import { renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../../src/identity/authority/keys/local-keys.ts';
import type { Verb } from '../../src/identity/authority/rotate/orders.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { prepareDataDir } from '../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../src/platform/storage/key-files.ts';
import { openSqliteAuthorityStore } from '../../src/platform/storage/sqlite-authority-store.ts';
import { orderOf, requestOf, trustDomain } from './authority.ts';
import { makeBackup } from './make-backup.ts';
import { defaultSettings } from './settings.ts';

const [dataDir = '', ...verbs] = process.argv.slice(2);
prepareDataDir(dataDir);
const keyEncryptionKey = Buffer.alloc(32, 9);
const keys = createKeyFiles(join(dataDir, 'keys'));
const authority = await createAuthority({
  trustDomain,
  store: openSqliteAuthorityStore(join(dataDir, 'gatehouse.db'), trustDomain),
  keys: createLocalKeyStore(keys, keyEncryptionKey),
  clock: systemClock,
  settings: defaultSettings,
});
// writeSync: the parent must have every line that was said before the kill.
const say = (line: string): void => void writeSync(1, `${line}\n`);
say(`ready ${authority.bundles.value.own.sequence}`);
authority.bundles.subscribe(({ own }) => say(`bundle ${own.sequence}`));

const issueForEver = async (name: string): Promise<never> => {
  for (;;) {
    const svid = await authority.issueX509(requestOf(name, 'self'));
    say(`svid ${svid.serial} ${svid.authorityId}`);
  }
};
/** As `gatehouse backup` does: beside, then renamed. */
const backUp = async (): Promise<void> => {
  const store = await authority.reading();
  const bytes = await makeBackup({ trustDomain, store, keys, keyEncryptionKey, clock: systemClock });
  writeFileSync(join(dataDir, 'backup.new'), bytes);
  renameSync(join(dataDir, 'backup.new'), join(dataDir, 'backup'));
};
const rotateForEver = async (): Promise<void> => {
  while (verbs.length > 0) {
    for (const verb of verbs as (Verb | 'backup')[]) {
      if (verb === 'backup') await backUp();
      else
        await authority[verb](orderOf('x509', { override: true })).catch((error: Error) =>
          say(`refused ${verb} ${error.message}`),
        );
      say(`done ${verb}`);
    }
  }
};
await Promise.race([rotateForEver(), ...Array.from({ length: 8 }, (_, index) => issueForEver(`w${index}`))]);
await new Promise(() => undefined);
