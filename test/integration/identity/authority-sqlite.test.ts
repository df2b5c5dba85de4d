import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../../../src/errors.ts';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../../../src/identity/authority/keys/local-keys.ts';
import type { AuthoritySettings } from '../../../src/identity/authority/settings.ts';
import { verifySvidChain } from '../../../src/identity/pki/svid-chain.ts';
import type { Entitlement, IdentitySource } from '../../../src/identity/source/identity-source.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { prepareDataDir } from '../../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../../src/platform/storage/key-files.ts';
import { openSqliteAuthorityStore } from '../../../src/platform/storage/sqlite-authority-store.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { defaultSettings } from '../../support/settings.ts';

const trustDomain = parseTrustDomain('cluster.local');

const entitlement: Entitlement = {
  spiffeId: parseSpiffeId('spiffe://cluster.local/ns/default/sa/details'),
  x509SvidTtlMs: 3_600_000,
  jwtSvidTtlMs: 300_000,
  dnsNames: [],
  hint: '',
  federatesWith: [],
};

async function open(dataDir: string, settings: Partial<AuthoritySettings> = {}): Promise<Authority> {
  prepareDataDir(dataDir);
  const store = openSqliteAuthorityStore(join(dataDir, 'gatehouse.db'), trustDomain);
  try {
    return await createAuthority({
      trustDomain,
      store,
      keys: createLocalKeyStore(createKeyFiles(join(dataDir, 'keys'))),
      clock: systemClock,
      settings: { ...defaultSettings, ...settings },
    });
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
}

const codeOf = (code: string, message?: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof GatehouseError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  if (message) assert.match(thrown.message, message);
  return true;
};

describe('authority on SQLite', () => {
  let directory: string;
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'gatehouse-authority-')), 'data');
  });
  afterEach(() => {
    chmodSync(join(directory, '..'), 0o700);
    rmSync(join(directory, '..'), { recursive: true, force: true });
  });

  it('makes its authorities at first start, with files that only we can read, and keeps them over a restart', async () => {
    const first = await open(directory);
    const before = first.bundles.value.own;
    const svid = await first.issueX509({ entitlement, selectors: ['unix:uid:1'], channel: 'sds' });
    await first[Symbol.asyncDispose]();
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const name of readdirSync(join(directory, 'keys'))) {
      assert.equal(statSync(join(directory, 'keys', name)).mode & 0o777, 0o600);
    }
    assert.equal(statSync(join(directory, 'gatehouse.db')).mode & 0o077, 0);

    await using second = await open(directory);
    assert.deepEqual(second.bundles.value.own, before);
    assert.equal(before.x509Authorities.length, 1);
    assert.equal(before.jwtAuthorities.length, 1);
    const rows = await second.ledger({ serial: svid.serial });
    assert.equal(rows.length, 1);
    assert.deepEqual(rows[0]?.selectors, ['unix:uid:1']);
    assert.equal(rows[0]?.spiffeId, entitlement.spiffeId);
    const [leaf] = svid.chain;
    assert.equal(verifySvidChain(svid.chain, before, Date.now()).ok, true);
    assert.equal(new X509Certificate(leaf!).serialNumber.toLowerCase(), svid.serial);
  });

  it('satisfies what delivery asks of an identity source', async () => {
    await using authority = await open(directory);
    const source: IdentitySource = authority;
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const svid = await source.issueX509({ entitlement, selectors: [], channel: 'istio-ca', publicKey });
    assert.equal(svid.privateKey, undefined);
    assert.ok(new X509Certificate(svid.chain[0]!).publicKey.equals(publicKey));
  });

  it('refuses a second server on the same store, and lets it in when the first is gone', async () => {
    const first = await open(directory);
    await assert.rejects(open(directory), codeOf('store_locked', /in use by another Gatehouse/));
    await first[Symbol.asyncDispose]();
    const again = await open(directory);
    await again[Symbol.asyncDispose]();
  });

  it('refuses a store of another trust domain', async () => {
    await (await open(directory))[Symbol.asyncDispose]();
    assert.throws(
      () => openSqliteAuthorityStore(join(directory, 'gatehouse.db'), parseTrustDomain('other.local')),
      codeOf('store_unusable', /belongs to trust domain cluster\.local, the configuration says other\.local/),
    );
  });

  it('refuses a store of a newer version', async () => {
    await (await open(directory))[Symbol.asyncDispose]();
    const database = new DatabaseSync(join(directory, 'gatehouse.db'));
    database.exec('PRAGMA user_version=99');
    database.close();
    await assert.rejects(open(directory), codeOf('store_unusable', /version 99.*run a newer Gatehouse/));
  });

  it('refuses a file that is no database, and a database of another program', async () => {
    prepareDataDir(directory);
    writeFileSync(join(directory, 'gatehouse.db'), 'hello, this is certainly not a database file at all'.repeat(100));
    await assert.rejects(open(directory), codeOf('store_unusable', /damaged, or no SQLite file/));
    rmSync(join(directory, 'gatehouse.db'));
    const database = new DatabaseSync(join(directory, 'gatehouse.db'));
    database.exec('CREATE TABLE t (a)');
    database.close();
    await assert.rejects(open(directory), codeOf('store_unusable', /another program/));
  });

  it('says why a data directory cannot be used', async () => {
    mkdirSync(join(directory, '..'), { recursive: true });
    writeFileSync(directory, '');
    assert.throws(() => prepareDataDir(directory), codeOf('store_unusable', /it is not a directory/));
    assert.throws(
      () => prepareDataDir('/proc/gatehouse'),
      codeOf('store_unusable', /dataDir \/proc\/gatehouse cannot be used/),
    );
  });

  it('says that a data directory is read-only', () => {
    mkdirSync(directory, { mode: 0o555 });
    chmodSync(join(directory, '..'), 0o755);
    const module = new URL('../../../src/platform/storage/data-dir.ts', import.meta.url).href;
    const script = `const { prepareDataDir } = await import(${JSON.stringify(module)});
      try { prepareDataDir(${JSON.stringify(directory)}); } catch (error) { console.log(error.code, error.message); }`;
    // Root may write everywhere: as root the question is put by nobody.
    const asNobody = process.geteuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', ...asNobody });
    assert.match(run.stdout, /^store_unusable dataDir .* cannot be used: we may not write there/, run.stderr);
  });

  it('says that the disk is full, at start and while it runs, and lets no SVID leave', async () => {
    const authority = await open(directory);
    await authority[Symbol.asyncDispose]();
    const path = join(directory, 'gatehouse.db');
    const store = openSqliteAuthorityStore(path, trustDomain, { maxPages: 0 });
    await using full = await createAuthority({
      trustDomain,
      store,
      keys: createLocalKeyStore(createKeyFiles(join(directory, 'keys'))),
      clock: systemClock,
      settings: defaultSettings,
    });
    const issueMany = async (): Promise<void> => {
      for (let index = 0; index < 200; index += 1) {
        await full.issueX509({ entitlement, selectors: ['x'.repeat(5000)], channel: 'sds' });
      }
    };
    await assert.rejects(issueMany(), codeOf('store_unavailable', /the disk is full/));
  });

  it('says which key is gone', async () => {
    await (await open(directory))[Symbol.asyncDispose]();
    rmSync(join(directory, 'keys'), { recursive: true });
    await assert.rejects(
      open(directory),
      codeOf('store_unusable', /the key of the active x509 authority [0-9a-f]{40} is gone/),
    );
  });

  it('removes a key that a crash left without an authority', async () => {
    await (await open(directory))[Symbol.asyncDispose]();
    const orphan = join(directory, 'keys', `${'ab'.repeat(20)}.key`);
    writeFileSync(orphan, 'x');
    await (await open(directory))[Symbol.asyncDispose]();
    assert.equal(existsSync(orphan), false);
  });
});
