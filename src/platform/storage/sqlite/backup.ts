/**
 * The whole of an authority in SQLite, read at one instant and written back.
 * @module
 */
import { stateToText } from '../../../identity/authority/store/state.ts';
import type { AuditRow, AuthorityStore, Consumer } from '../../../identity/authority/store/store.ts';
import {
  auditFromColumns,
  auditToColumns,
  consumerToColumns,
  ledgerToColumns,
  revocationFromColumns,
  revocationToColumns,
} from '../authority-rows.ts';
import { PAGE_ROWS } from '../sqlite-ledger-query.ts';
import { type OpenStore, pagesBy } from './open-store.ts';
import { recordsOver } from './records.ts';
import { readState } from './state.ts';

/** Reads and writes all rows of the file's authority. */
export function backupOver(store: OpenStore): Pick<AuthorityStore, 'snapshot' | 'restore'> {
  const { database, statements, guarded, all } = store;
  return {
    async snapshot() {
      // Nothing else runs in this process until it is read, and no other process may.
      const { lastAudit, ...now } = await guarded(() => {
        const [{ last } = { last: 0 }] = all('SELECT coalesce(max(number), 0) AS last FROM audit');
        return {
          ...readState(store),
          revocations: all('SELECT * FROM revocations').map(revocationFromColumns),
          lastAudit: Number(last),
        };
      });
      const audit: AuditRow[] = [];
      const rows = pagesBy('number', (after) =>
        guarded(() =>
          all(
            'SELECT * FROM audit WHERE number > ? AND number <= ? ORDER BY number LIMIT ?',
            after,
            lastAudit,
            PAGE_ROWS,
          ),
        ),
      );
      for await (const page of rows) audit.push(...page.map(auditFromColumns));
      const consumers: Consumer[] = [];
      for await (const page of recordsOver(store).consumers()) consumers.push(...page);
      return { ...now, consumers, audit };
    },
    restore: async ({ version, state, consumers, audit, revocations }, ledger) => {
      const addLedger = database.prepare('INSERT OR IGNORE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
      await guarded(() => database.exec('BEGIN IMMEDIATE'));
      try {
        for await (const page of ledger ?? [])
          await guarded(() => {
            for (const row of page) addLedger.run(...ledgerToColumns(row));
          });
        await guarded(() => {
          if (state) statements.writeState.run(version, stateToText(state));
          for (const each of consumers) statements.putConsumer.run(...consumerToColumns(each));
          for (const row of revocations) statements.putRevocation.run(...revocationToColumns(row));
          for (const row of audit) statements.insertAudit.run(...auditToColumns(row));
          database.exec('COMMIT');
        });
      } catch (thrown) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw thrown;
      }
    },
  };
}
