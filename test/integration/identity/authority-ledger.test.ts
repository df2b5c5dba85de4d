import assert from 'node:assert/strict';
import type { AuthorityStore, LedgerQuery, LedgerRow } from '../../../src/identity/authority/store/store.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { openSqliteAuthorityStore } from '../../../src/platform/storage/sqlite-authority-store.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { trustDomain } from '../../support/authority.ts';
import { createEmptyStore } from '../../support/empty-store.ts';
import { eventually } from '../../support/eventually.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** More than a page of any store, with many that are issued, and end, together. */
const COUNT = 2_500;

const rowOf = (index: number): LedgerRow => ({
  // JWT ids begin with capitals and signs that a database's own order would mix up.
  serial: index % 5 === 0 ? `${index % 2 === 0 ? 'Z' : 'a'}_-${index}` : `${(index * 7919).toString(16)}f${index}`,
  kind: index % 5 === 0 ? 'jwt' : 'x509',
  spiffeId: `spiffe://cluster.local/ns/default/sa/a${index % 3}`,
  selectors: ['unix:uid:1', 'unix:path:/a "b"\\c\n\u0001ä\u2028𝄞', ...(index % 9 === 0 ? [] : ['x'])],
  spkiSha256: `${index % 7}`,
  authorityId: index % 2 === 0 ? 'aa' : 'bb',
  notBeforeAt: 0,
  notAfterAt: 10_000 + (index % 4) * 1000,
  issuedAt: 100 + (index % 10),
  channel: 'sds',
  consumer: `sds:"${index}"\n`,
  bundleSequence: 1 + (index % 2),
});

const queries: readonly LedgerQuery[] = [
  {},
  { spiffeId: rowOf(1).spiffeId },
  { authorityId: 'aa', kind: 'x509' },
  { spkiSha256: '3', unexpiredAt: 11_000 },
  { issuedFrom: 103, issuedUntil: 106, kind: 'jwt' },
];

async function* pagesOf(
  store: AuthorityStore,
  query: LedgerQuery,
  limit: number,
): AsyncGenerator<readonly LedgerRow[]> {
  for (let after: LedgerQuery['after']; ; ) {
    const page = await store.ledger({ ...query, limit, ...(after && { after }) });
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last;
  }
}

/** Every row, page by page. */
async function* ledgerPagesOf(store: AuthorityStore): AsyncGenerator<readonly LedgerRow[]> {
  for await (const text of store.ledgerTexts()) {
    assert.ok(!text.includes('\n'), 'a page is one line');
    yield JSON.parse(text);
  }
}

/** Stores the rows, and what the obvious store in memory says of them. */
async function fill(store: AuthorityStore): Promise<AuthorityStore> {
  const plain = createEmptyStore();
  const rows = Array.from({ length: COUNT }, (_, index) => rowOf(index));
  for (const each of [store, plain]) await each.appendLedger(rows, []);
  return plain;
}

function tests(open: () => Promise<AuthorityStore>): void {
  it('gives the ledger page by page, every row once, as one long answer would', async () => {
    await using store = await open();
    const plain = await fill(store);
    for (const query of queries) {
      const whole = await plain.ledger({ ...query, limit: COUNT });
      for (const limit of [1000, 333]) {
        const paged: LedgerRow[] = [];
        for await (const page of pagesOf(store, query, limit)) paged.push(...page);
        assert.deepEqual(paged, whole, JSON.stringify({ query, limit }));
      }
    }
  });

  it('gives what has not expired page by page, the first to expire first, and lets others in between', async () => {
    await using store = await open();
    await fill(store);
    const serials: string[] = [];
    const ends: number[] = [];
    let turns = 0;
    let isReading = true;
    const take = (): void => {
      turns += 1;
      if (isReading) setImmediate(take);
    };
    setImmediate(take);
    let pages = 0;
    for await (const page of store.unexpired(10_000)) {
      pages += 1;
      serials.push(...page.map(({ serial }) => serial));
      ends.push(...page.map(({ notAfterAt }) => notAfterAt));
    }
    isReading = false;
    const want = Array.from({ length: COUNT }, (_, index) => rowOf(index)).filter((row) => row.notAfterAt > 10_000);
    assert.deepEqual(serials.toSorted(), want.map(({ serial }) => serial).toSorted());
    assert.deepEqual(
      ends,
      ends.toSorted((a, b) => a - b),
    );
    assert.ok(pages > 1 && turns >= pages - 1, `${turns} turns in ${pages} pages`);
  });

  it('gives every row page by page, and lets others in between, also to find the few that are asked for', async () => {
    await using store = await open();
    await fill(store);
    let turns = 0;
    let isReading = true;
    const take = (): void => {
      turns += 1;
      if (isReading) setImmediate(take);
    };
    setImmediate(take);
    assert.deepEqual(await store.ledger({ spkiSha256: 'of nobody' }), []);
    assert.ok(turns > 1, `${turns} turns to read all`);
    const rows: LedgerRow[] = [];
    let largest = 0;
    for await (const page of ledgerPagesOf(store)) {
      largest = Math.max(largest, page.length);
      rows.push(...page);
    }
    isReading = false;
    const bySerial = (a: LedgerRow, b: LedgerRow): number => (a.serial < b.serial ? -1 : 1);
    const want = Array.from({ length: COUNT }, (_, index) => rowOf(index));
    assert.deepEqual(rows.toSorted(bySerial), want.toSorted(bySerial));
    assert.ok(largest <= 1_000, `a page of ${largest}`);
  });

  it('removes what has expired some at a time, the oldest first', async () => {
    await using store = await open();
    await fill(store);
    const removed: number[] = [];
    for (let count = -1; count !== 0; removed.push(count)) count = await store.pruneLedger(12_000);
    assert.ok(removed.length > 2, `removed ${removed.join()}`);
    assert.equal(
      removed.reduce((sum, each) => sum + each, 0),
      COUNT / 2,
    );
    for await (const page of ledgerPagesOf(store)) assert.ok(page.every(({ notAfterAt }) => notAfterAt >= 12_000));
  });
}

describe('the ledger in SQLite', () => {
  tests(async () => {
    const dir = await tempDir();
    const store = openSqliteAuthorityStore(dir.at('gatehouse.db'), trustDomain);
    const close = store[Symbol.asyncDispose].bind(store);
    return {
      ...store,
      async [Symbol.asyncDispose]() {
        await close();
        await dir[Symbol.asyncDispose]();
      },
    };
  });
});

describe('the ledger in PostgreSQL', () => {
  let database: Postgres;
  let number = 0;
  before(async function () {
    this.timeout(300_000);
    database = await startPostgres();
  });
  after(() => database[Symbol.asyncDispose]());
  tests(async () => {
    number += 1;
    return (await openPostgresAuthorityStore(database.url, parseTrustDomain(`td${number}.local`))).store;
  });

  it('makes an index that is missing, or was left half made, while the store serves', async () => {
    const isValid = (): Promise<true | undefined> =>
      database
        .query(
          `DO $$ BEGIN IF NOT coalesce((SELECT indisvalid FROM pg_index
             WHERE indexrelid = to_regclass('gatehouse_ledger_by_issue')), false) THEN RAISE 'not yet'; END IF; END $$`,
        )
        .then(
          () => true as const,
          () => undefined,
        );
    await (await openPostgresAuthorityStore(database.url, parseTrustDomain('long.local'))).store[Symbol.asyncDispose]();
    await database.query(
      `INSERT INTO gatehouse_ledger SELECT 'long.local', i::text, 'x509', 's', '[]', '', 'aa', 0, i, i, 'sds', '', 1
         FROM generate_series(1, 12000) AS i`,
    );
    for (const [left, statement] of [
      ['missing', 'DROP INDEX gatehouse_ledger_by_issue'],
      ['half made', "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'gatehouse_ledger_by_issue'::regclass"],
    ] as const) {
      await database.query(statement);
      assert.equal(await isValid(), undefined, left);
      const { store } = await openPostgresAuthorityStore(database.url, parseTrustDomain('long.local'));
      await using _ = store;
      assert.deepEqual(
        (await store.ledger({ limit: 2 })).map(({ serial }) => serial),
        ['12000', '11999'],
      );
      await eventually(`${left}: it is there`, isValid);
    }
  });
});
