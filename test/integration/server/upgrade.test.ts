import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { openssl } from '../../support/openssl.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { gatehouseCommand, gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import {
  builds,
  everyFile,
  expectedOf,
  fixture,
  type StoreName,
  type UpgradeDir,
  upgradeDir,
} from '../../support/upgrade-fixture.ts';

const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

interface Status {
  readonly sequence: number;
  readonly x509Authorities: readonly { readonly id: string; readonly slot: string }[];
  readonly jwtAuthorities: readonly { readonly id: string; readonly slot: string }[];
}
interface Rows<T> {
  readonly sequence?: number;
  readonly rows: readonly T[];
}
interface Svids {
  readonly svids: readonly { readonly chainPem: string; readonly bundlePem: string }[];
}

async function reasonAt(server: RunningGatehouse, principal: string): Promise<string> {
  using client = checkClient(server.ready.extAuthz);
  const { attributes } = question('GET');
  const answer = await client.ask({ attributes: { ...attributes, source: { principal } } });
  return 'reason' in answer ? answer.reason : answer.details;
}

/** Everything that the older build knew is still so, and is served. */
async function serves(build: string, store: StoreName, dir: UpgradeDir, server: RunningGatehouse): Promise<void> {
  const ask = <T>(...words: readonly string[]) => gatehouseJson(...words, '--config', dir.config) as Promise<T>;
  const expected = expectedOf(build, store);
  const slots = (rows: readonly { readonly id: string; readonly slot: string }[]) =>
    rows.map((each) => `${each.id} ${each.slot}`);
  const status = await ask<Status>('ca', 'status');
  assert.deepEqual(slots(status.x509Authorities), slots(expected.x509));
  assert.deepEqual(slots(status.jwtAuthorities), slots(expected.jwt));
  assert.ok(status.sequence >= expected.sequence, 'no sequence goes back');
  const revocations = await ask<Rows<object>>('svid', 'revocations');
  assert.deepEqual(revocations.rows, expected.revocations.rows);
  assert.ok((revocations.sequence ?? 0) >= expected.revocations.sequence);
  const ledger = await ask<Rows<{ readonly serial: string }>>('ca', 'ledger', '--limit', '1000');
  const serials = new Set(ledger.rows.map(({ serial }) => serial));
  assert.deepEqual(
    expected.ledger.filter(({ serial }) => !serials.has(serial)),
    [],
  );
  assert.ok((await ask<Rows<object>>('ca', 'log')).rows.length >= expected.audit);

  assert.equal(await reasonAt(server, id('details')), 'rule_allowed');
  assert.equal(await reasonAt(server, id('reviews')), 'revoked');
  const { svids } = await ask<Svids>('svid', 'fetch');
  const { chainPem, bundlePem } = svids[0]!;
  writeFileSync(dir.at('bundle.pem'), bundlePem);
  for (const [name, pem] of Object.entries({ new: chainPem, ...expected.svids })) {
    writeFileSync(dir.at('svid.pem'), pem);
    const { ok, text } = openssl(['verify', '-partial_chain', '-CAfile', dir.at('bundle.pem'), dir.at('svid.pem')]);
    assert.ok(ok, `${name}: ${text}`);
  }
  const active = expected.x509.find(({ slot }) => slot === 'active')!;
  const issuer = openssl(['x509', '-in', dir.at('svid.pem'), '-noout', '-ext', 'authorityKeyIdentifier']).text;
  assert.equal(issuer.replaceAll(':', '').toLowerCase().includes(active.id), true, issuer);
}

/** Runs what must refuse; what it says. */
async function refusal(dir: UpgradeDir, code: number, ...words: readonly string[]): Promise<string> {
  await using child = startChild(...gatehouseCommand(...words, '--config', dir.config));
  assert.equal(await child.ended, code, child.stderr());
  return child.stderr() + child.stdout();
}

async function loadDump(postgres: Postgres, build: string): Promise<void> {
  const dump = gunzipSync(readFileSync(fixture(build, 'postgres.sql.gz'))).toString();
  // psql's own commands are none of the server's, and each statement of the dump is one.
  await postgres.query(dump.replaceAll(/^\\.*$/gm, ''));
}

describe('a store that an older build left', function () {
  this.timeout(300_000);

  it('is there', () => assert.ok(builds.length > 0));

  for (const build of builds) {
    it(`${build}: a data directory is served from`, async () => {
      await using dir = await upgradeDir(build, 'plain.tar.gz');
      {
        await using server = await runGatehouse(dir.config);
        await serves(build, 'plain', dir, server);
      }
      await using again = await runGatehouse(dir.config);
      await serves(build, 'plain', dir, again);
    });

    it(`${build}: a data directory with wrapped keys is served from`, async () => {
      await using dir = await upgradeDir(build, 'wrapped.tar.gz');
      dir.configure({}, { keyEncryptionKeyFile: './key' });
      await using server = await runGatehouse(dir.config);
      await serves(build, 'wrapped', dir, server);
    });

    it(`${build}: a backup is restored into an empty store, and served from`, async () => {
      await using dir = await upgradeDir(build);
      dir.configure({}, { keyEncryptionKeyFile: './key' });
      const order = ['restore', fixture(build, 'wrapped.ghbk'), '--from-empty', '--reason', 'test'];
      await gatehouseJson(...order, '--config', dir.config);
      await using server = await runGatehouse(dir.config);
      await serves(build, 'wrapped', dir, server);
    });

    it(`${build}: a PostgreSQL dump is served from, with its data directory`, async () => {
      await using postgres = await startPostgres();
      await loadDump(postgres, build);
      await using dir = await upgradeDir(build, 'postgres-data.tar.gz');
      dir.configure({ store: postgres.url }, { keyEncryptionKeyFile: './key' });
      await using server = await runGatehouse(dir.config);
      await serves(build, 'postgres', dir, server);
    });
  }
});

/** What a build to come might leave: a store of today, some versions on. */
describe('a store that a newer build left', function () {
  this.timeout(300_000);
  const build = builds.at(-1)!;

  const change = (dir: UpgradeDir, file: string, statements: string): void => {
    const database = new DatabaseSync(dir.at(`data/${file}`));
    database.exec(statements);
    database.close();
  };
  const futures: readonly { readonly name: string; readonly file: string; readonly statements: string }[] = [
    { name: 'authority’s tables', file: 'gatehouse.db', statements: 'PRAGMA user_version=99' },
    { name: 'kept texts', file: 'kept.db', statements: 'PRAGMA user_version=99' },
    {
      name: 'authority’s state',
      file: 'gatehouse.db',
      statements: `UPDATE state SET document = json_set(document, '$.format', 99)`,
    },
  ];
  for (const { name, file, statements } of futures) {
    it(`is refused by name, and nothing on disk is changed: ${name}`, async () => {
      await using dir = await upgradeDir(build, 'plain.tar.gz');
      {
        await using _ = await runGatehouse(dir.config); // all of it is of today's version
      }
      change(dir, file, statements);
      const before = everyFile(dir.at('data'));
      const said = await refusal(dir, 2, 'serve');
      assert.match(said, /newer Gatehouse/);
      assert.match(said, /99/);
      assert.deepEqual(everyFile(dir.at('data')), before);
    });
  }

  it('is refused by name, and nothing in it is changed: PostgreSQL', async () => {
    await using postgres = await startPostgres();
    await postgres.query('CREATE TABLE gatehouse_meta (version integer NOT NULL)');
    await postgres.query('INSERT INTO gatehouse_meta VALUES (99)');
    await using dir = await upgradeDir(build, 'postgres-data.tar.gz');
    dir.configure({ store: postgres.url }, { keyEncryptionKeyFile: './key' });
    const before = everyFile(dir.at('data'));
    const said = await refusal(dir, 2, 'serve');
    assert.match(said, /version 99/);
    assert.match(said, /newer Gatehouse/);
    assert.deepEqual(everyFile(dir.at('data')), before);
    await assert.rejects(postgres.query('SELECT * FROM gatehouse_state'), /does not exist/, 'no table was made');
  });

  it('is refused by name, and no store is made of it: a backup', async () => {
    await using dir = await upgradeDir(build);
    dir.configure({}, { keyEncryptionKeyFile: './key' });
    const bytes = readFileSync(fixture(build, 'wrapped.ghbk'));
    writeFileSync(dir.at('newer.ghbk'), Buffer.concat([Buffer.from('GHBK99'), bytes.subarray(5)]));
    const order = ['restore', dir.at('newer.ghbk'), '--from-empty', '--reason', 'test'];
    const said = await refusal(dir, 1, ...order);
    assert.match(said, /99/);
    assert.match(said, /newer Gatehouse/);
  });
});
