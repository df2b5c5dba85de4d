import assert from 'node:assert/strict';
import { join } from 'node:path';
import { GatehouseError } from '../../../src/errors.ts';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../../src/identity/authority/keys/signer.ts';
import type { BackupDeps } from '../../../src/identity/authority/recover/backup.ts';
import { restoreBackup } from '../../../src/identity/authority/recover/restore.ts';
import type { AuthorityStore } from '../../../src/identity/authority/store/store.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { prepareDataDir } from '../../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../../src/platform/storage/key-files.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { openSqliteAuthorityStore } from '../../../src/platform/storage/sqlite-authority-store.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { orderOf, requestOf, trustDomain } from '../../support/authority.ts';
import { makeBackup } from '../../support/make-backup.ts';
import { startPostgres } from '../../support/postgres.ts';
import { sealedBytesOf } from '../../support/sealed-bytes.ts';
import { defaultSettings } from '../../support/settings.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const keyEncryptionKey = Buffer.alloc(32, 9);

interface Opened {
  readonly store: AuthorityStore;
  readonly keys: KeyBlobs;
}

const lost = { who: 'uid:0', reason: 'the disk is gone', fromEmpty: true };
const over = { who: 'uid:0', reason: '', fromEmpty: false };

describe('backup and restore', () => {
  let directory: TempDir;
  beforeEach(async () => {
    directory = await tempDir();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const sqlite = (name: string): Opened => {
    const dataDir = directory.at(name);
    prepareDataDir(dataDir);
    return {
      store: openSqliteAuthorityStore(join(dataDir, 'gatehouse.db'), trustDomain),
      keys: createKeyFiles(join(dataDir, 'keys')),
    };
  };
  const start = ({ store, keys }: Opened): Promise<Authority> =>
    createAuthority({
      trustDomain,
      store,
      keys: createLocalKeyStore(keys, keyEncryptionKey),
      clock: systemClock,
      settings: defaultSettings,
      tickEveryMs: 0,
    });
  const deps = (opened: Opened, change: Partial<BackupDeps> = {}): BackupDeps => ({
    ...opened,
    trustDomain,
    keyEncryptionKey,
    clock: systemClock,
    ...change,
  });

  it('comes back in an empty directory: same authorities, every row, nothing goes back', async () => {
    const from = sqlite('from');
    const authority = await start(from);
    const svid = await authority.issueX509(requestOf('a'));
    await authority.revokeSvid({ kind: 'serial', value: svid.serial, who: 'uid:0', reason: 'lost' });
    const backup = await makeBackup(deps(from));
    await authority.prepare(orderOf());
    const highest = authority.bundles.value.own.sequence;
    const before = authority.revocations.value.sequence;
    await authority[Symbol.asyncDispose]();

    const to = sqlite('to');
    await restoreBackup(sealedBytesOf(backup), lost, deps(to));
    await using again = await start(to);
    assert.ok(again.bundles.value.own.sequence > highest);
    assert.ok(again.revocations.value.sequence >= before);
    assert.equal((await again.ledger({ serial: svid.serial })).length, 1);
    assert.equal((await again.issueX509(requestOf('a'))).authorityId, svid.authorityId);
    assert.equal(again.revocations.value.rows.length, 1);
    assert.deepEqual(
      (await again.audit(1)).map((row) => row.verb),
      ['restore'],
    );
  });

  it('keeps trusting what the store signed after the backup', async () => {
    const opened = sqlite('one');
    const authority = await start(opened);
    const backup = await makeBackup(deps(opened));
    await authority.prepare(orderOf());
    await authority.activate(orderOf('x509', { override: true }));
    const later = await authority.issueX509(requestOf('a'));
    await authority[Symbol.asyncDispose]();

    const again = sqlite('one');
    await restoreBackup(sealedBytesOf(backup), over, deps(again));
    await using restored = await start(again);
    const status = await restored.status();
    assert.equal(
      status.x509Authorities.find((each) => each.id === later.authorityId)?.slot,
      'active',
      'what the store did later stands',
    );
    assert.equal((await restored.ledger({ serial: later.serial })).length, 1);
  });

  it('is made while the authority issues, and holds what had left before', async () => {
    const from = sqlite('from');
    const authority = await start(from);
    const left: string[] = [];
    let running = true;
    const loops = Array.from({ length: 4 }, async () => {
      while (running) left.push((await authority.issueX509(requestOf('a', 'self'))).serial);
    });
    while (left.length < 50) await new Promise((resolve) => setImmediate(resolve));
    const before = [...left];
    const backup = await makeBackup(deps(from));
    running = false;
    await Promise.all(loops);
    await authority[Symbol.asyncDispose]();
    const to = sqlite('to');
    await restoreBackup(sealedBytesOf(backup), lost, deps(to));
    const rows = new Set((await to.store.ledger({ limit: 100_000 })).map((row) => row.serial));
    for (const serial of before) assert.ok(rows.has(serial));
    await to.store[Symbol.asyncDispose]();
  });

  it('cannot be restored beside a living authority', async () => {
    const opened = sqlite('one');
    await using authority = await start(opened);
    assert.ok(authority.readiness.value.ready);
    assert.throws(
      () => sqlite('one'),
      (thrown) => thrown instanceof GatehouseError && thrown.code === 'store_locked',
    );
  });

  it('is refused when it is cut short, changed, of another trust domain, under another key, or no backup', async () => {
    const from = sqlite('from');
    await using authority = await start(from);
    assert.ok(authority.readiness.value.ready);
    const backup = await makeBackup(deps(from));
    const to = sqlite('to');
    const reasonOf = async (bytes: Uint8Array, change: Partial<BackupDeps> = {}): Promise<string> => {
      try {
        await restoreBackup(sealedBytesOf(bytes), lost, deps(to, change));
      } catch (thrown) {
        assert.ok(thrown instanceof GatehouseError && thrown.code === 'store_unusable', String(thrown));
        return thrown.message;
      }
      return 'restored';
    };
    for (let length = 0; length < backup.length; length += 97) {
      assert.match(await reasonOf(backup.subarray(0, length)), /cut short|no backup/, String(length));
    }
    const changed = Buffer.from(backup);
    changed[backup.length - 5] = (changed[backup.length - 5] ?? 0) ^ 1;
    assert.match(await reasonOf(changed), /was changed/);
    assert.match(await reasonOf(backup, { keyEncryptionKey: Buffer.alloc(32, 1) }), /another key-encryption key/);
    assert.match(await reasonOf(backup, { trustDomain: parseTrustDomain('other') }), /of trust domain cluster\.local/);
    assert.match(await reasonOf(Buffer.from('hello')), /no backup of Gatehouse/);
    assert.equal((await to.store.load()).state, undefined, 'nothing was written');
    await to.store[Symbol.asyncDispose]();
  });

  it('needs a key-encryption key', async () => {
    const from = sqlite('from');
    await assert.rejects(
      makeBackup(deps(from, { keyEncryptionKey: undefined })),
      /set authority\.keyEncryptionKeyFile/,
    );
    await from.store[Symbol.asyncDispose]();
  });

  it('moves from SQLite to PostgreSQL and is refused while a replica lives there', async () => {
    await using database = await startPostgres();
    const from = sqlite('from');
    const authority = await start(from);
    const svid = await authority.issueX509(requestOf('a'));
    const backup = await makeBackup(deps(from));
    await authority[Symbol.asyncDispose]();

    const to = await openPostgresAuthorityStore(database.url, trustDomain);
    await restoreBackup(sealedBytesOf(backup), lost, deps(to));
    await using moved = await start(to);
    assert.equal((await moved.issueX509(requestOf('a'))).authorityId, svid.authorityId);
    assert.equal((await moved.ledger({ serial: svid.serial })).length, 1);
    const second = await makeBackup(deps(to));
    const other = await openPostgresAuthorityStore(database.url, trustDomain);
    await assert.rejects(
      restoreBackup(sealedBytesOf(second), over, deps(other)),
      (thrown) => thrown instanceof GatehouseError && thrown.code === 'store_locked',
    );
    await other.store[Symbol.asyncDispose]();
  }).timeout(300_000);

  for (const kind of ['SQLite', 'PostgreSQL'])
    it(`believes nothing again that was revoked since, over the same store (${kind})`, async () => {
      await using database = kind === 'PostgreSQL' ? await startPostgres() : undefined;
      const open = (): Opened | Promise<Opened> =>
        database === undefined ? sqlite('one') : openPostgresAuthorityStore(database.url, trustDomain);
      const opened = await open();
      const authority = await start(opened);
      const svid = await authority.issueX509(requestOf('a'));
      await authority.revokeSvid({
        kind: 'id',
        value: requestOf('b').entitlement.spiffeId,
        who: 'uid:0',
        reason: 'one',
      });
      const backup = await makeBackup(deps(opened));
      for (const verb of ['prepare', 'activate', 'taint', 'revoke'] as const)
        await authority[verb](orderOf('x509', { override: true, reason: 'its key was stolen' }));
      await authority.revokeSvid({
        kind: 'id',
        value: requestOf('b').entitlement.spiffeId,
        who: 'uid:0',
        reason: 'two',
      });
      await authority.revokeSvid({ kind: 'serial', value: svid.serial, who: 'uid:0', reason: 'three' });
      const want = (await authority.status()).x509Authorities.map(({ id, slot }) => [id, slot]);
      const rows = authority.revocations.value.rows;
      await authority[Symbol.asyncDispose]();

      const again = await open();
      assert.equal((await restoreBackup(sealedBytesOf(backup), over, deps(again))).later, 'store');
      assert.equal(await again.keys.get(svid.authorityId), undefined, 'its key is not there again');
      await using restored = await start(again);
      assert.deepEqual(
        (await restored.status()).x509Authorities.map(({ id, slot }) => [id, slot]),
        want,
      );
      assert.deepEqual(new Set(restored.revocations.value.rows), new Set(rows));
      assert.deepEqual(await restored.replicas.others(), [], 'and the restore is no replica that lives');
    }).timeout(300_000);
});
