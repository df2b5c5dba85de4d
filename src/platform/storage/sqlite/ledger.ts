/**
 * The ledger in SQLite: appended in groups, read a page at a time.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuthorityStore } from '../../../identity/authority/store/store.ts';
import { type Columns, consumerToColumns, ledgerToColumns, unexpiredFromColumns } from '../authority-rows.ts';
import { transaction } from '../sqlite-file.ts';
import { PAGE_ROWS, readLedger } from '../sqlite-ledger-query.ts';
import type { OpenStore } from './open-store.ts';

/** The ledger of the file's authority. */
export function ledgerOver({
  database,
  statements,
  guarded,
  all,
}: OpenStore): Pick<AuthorityStore, 'appendLedger' | 'ledger' | 'ledgerTexts' | 'unexpired' | 'pruneLedger'> {
  return {
    appendLedger: (rows, consumers) =>
      guarded(() =>
        transaction(database, () => {
          for (const row of rows) statements.insertLedger.run(...ledgerToColumns(row));
          for (const each of consumers) statements.putConsumer.run(...consumerToColumns(each));
          return Number(statements.readVersion.get()?.['version'] ?? 0);
        }),
      ),
    ledger: (query) => readLedger((sql, values) => guarded(() => all(sql, ...values)), query),
    async *ledgerTexts() {
      const [{ last } = { last: 0 }] = await guarded(() => all('SELECT coalesce(max(rowid), 0) AS last FROM ledger'));
      for (let after = 0; ; await nextTurn()) {
        const page = await guarded(() => statements.readTexts.get(after, Number(last), PAGE_ROWS));
        if (page?.['number'] == null) return; // the largest of none
        after = Number(page['number']);
        yield String(page['page']);
      }
    },
    async *unexpired(atMs) {
      let after: [number, number] = [atMs, Number.MAX_SAFE_INTEGER];
      for (;;) {
        const page = await guarded(() => statements.readUnexpired.all(...after, PAGE_ROWS) as Columns[]);
        const last = page.at(-1);
        if (!last) return;
        after = [Number(last['not_after_at']), Number(last['rowid'])];
        yield page.map(unexpiredFromColumns);
        await nextTurn();
      }
    },
    pruneLedger: (expiredBefore) => guarded(() => Number(statements.pruneSome.run(expiredBefore, PAGE_ROWS).changes)),
  };
}
