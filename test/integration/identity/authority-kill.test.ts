import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../../../src/identity/authority/keys/local-keys.ts';
import { restoreBackup } from '../../../src/identity/authority/recover/restore.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { prepareDataDir } from '../../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../../src/platform/storage/key-files.ts';
import { openSqliteAuthorityStore } from '../../../src/platform/storage/sqlite-authority-store.ts';
import { requestOf, trustDomain } from '../../support/authority.ts';
import { startChild } from '../../support/child.ts';
import { sealedBytesOf } from '../../support/sealed-bytes.ts';
import { defaultSettings } from '../../support/settings.ts';
import { tempDir } from '../../support/temp-dir.ts';

const keyEncryptionKey = Buffer.alloc(32, 9); // as issuing-process.ts has it

/** `KILLS=1000` for the long run. */
const KILLS = Number(process.env['KILLS'] ?? 25);

const lost = { who: 'uid:0', reason: 'the disk is gone', fromEmpty: true };

describe('kill -9 while issuing and rotating', () => {
  it('loses no SVID that left, no sequence, and the next start goes on', async () => {
    await using directory = await tempDir();
    const dataDir = directory.at('data');
    const script = join(import.meta.dirname, '../../support/issuing-process.ts');
    const said = new Set<string>();
    let highest = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await using child = startChild(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        script,
        dataDir,
        'prepare',
        'activate',
        'taint',
        'backup',
        'revoke',
      ]);
      // After so many SVIDs, and not at a step of ours: somewhere between two writes. The last one has made a backup first.
      const enough = 5 + Math.floor(Math.random() * 60);
      let count = 0;
      let mayEnd = kill < KILLS - 1;
      let isKilled = false;
      await new Promise<void>((resolve, reject) => {
        child.onLine((line) => {
          const [word, value] = line.split(' ');
          if (word === 'svid') count += 1;
          if (word === 'svid') said.add(value ?? '');
          if (word === 'ready') assert.ok(Number(value) >= highest, `sequence ${value} after ${highest}`);
          if (word === 'ready' || word === 'bundle') highest = Math.max(highest, Number(value));
          if (line === 'done backup') mayEnd = true;
          if (isKilled || count < enough || !mayEnd) return;
          isKilled = true;
          process.nextTick(() => process.kill(child.pid, 'SIGKILL'));
        });
        void child.ended.then((how) =>
          how === 'SIGKILL' ? resolve() : reject(new Error(`${how}: ${child.stderr()}`)),
        );
      });
    }

    await using authority = await createAuthority({
      trustDomain,
      store: openSqliteAuthorityStore(join(dataDir, 'gatehouse.db'), trustDomain),
      keys: createLocalKeyStore(createKeyFiles(join(dataDir, 'keys')), keyEncryptionKey),
      clock: systemClock,
      settings: defaultSettings,
    });
    assert.ok(said.size > KILLS * 5);
    const rows = await authority.ledger({ kind: 'x509', limit: 1_000_000 });
    const kept = new Set(rows.map((row) => row.serial));
    assert.equal(kept.size, rows.length, 'no serial twice');
    for (const serial of said) assert.ok(kept.has(serial), `serial ${serial} left, but is not in the ledger`);
    assert.ok(authority.bundles.value.own.sequence >= highest);
    const status = await authority.status();
    assert.equal(status.x509Authorities.filter((each) => each.slot === 'active').length, 1);
    assert.ok((await authority.issueX509(requestOf('a', 'self'))).serial);
    // The last backup that was whole is whole, whatever was being written when the process was killed.
    {
      prepareDataDir(directory.at('restored'));
      await using store = openSqliteAuthorityStore(directory.at('restored/gatehouse.db'), trustDomain);
      const into = { trustDomain, store, keys: createKeyFiles(directory.at('restored/keys')), keyEncryptionKey };
      await restoreBackup(sealedBytesOf(readFileSync(join(dataDir, 'backup'))), lost, { ...into, clock: systemClock });
      assert.ok((await store.load()).state);
    }
    const needed = [...status.x509Authorities, ...status.jwtAuthorities].filter((each) => each.slot !== 'revoked');
    assert.equal(readdirSync(join(dataDir, 'keys')).filter((name) => name.endsWith('.key')).length, needed.length);
  }).timeout(300_000 + KILLS * 2000);
});
