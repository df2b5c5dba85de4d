/**
 * What else of an authority stands in SQLite: the proof that it can be written, consumers, audit and revocations.
 * @module
 */
import type { AuthorityStore } from '../../../identity/authority/store/store.ts';
import { auditFromColumns, auditToColumns, consumerFromColumns, revocationFromColumns } from '../authority-rows.ts';
import { transaction } from '../sqlite-file.ts';
import { PAGE_ROWS } from '../sqlite-ledger-query.ts';
import { type OpenStore, pagesBy } from './open-store.ts';

/** More than a group of certificates takes: after a failure a byte that finds room proves nothing. */
const PROOF_BYTES = 64 * 1024;

/** Consumers, audit and revocations of the file's authority; its only replica is this process. */
export function recordsOver({
  database,
  statements,
  guarded,
  all,
  takeTrouble,
}: OpenStore): Pick<
  AuthorityStore,
  'heartbeat' | 'leave' | 'consumers' | 'removeConsumers' | 'appendAudit' | 'audit' | 'revocations' | 'pruneRevocations'
> {
  return {
    heartbeat: (replica, word) =>
      guarded(() => {
        statements.putProof.run('x'.repeat(takeTrouble() ? PROOF_BYTES : 1));
        return [{ replica, word }]; // the lock lets nobody else in
      }),
    async leave() {},
    async *consumers() {
      const pages = pagesBy('rowid', (after) =>
        guarded(() =>
          all('SELECT rowid, document FROM consumers WHERE rowid > ? ORDER BY rowid LIMIT ?', after, PAGE_ROWS),
        ),
      );
      for await (const page of pages) yield page.map(consumerFromColumns);
    },
    removeConsumers: (names) =>
      guarded(() =>
        transaction(database, () => {
          const remove = database.prepare('DELETE FROM consumers WHERE consumer = ?');
          for (const name of names) remove.run(name);
        }),
      ),
    appendAudit: (row) => guarded(() => void statements.insertAudit.run(...auditToColumns(row))),
    audit: (limit) =>
      guarded(() => all('SELECT * FROM audit ORDER BY number DESC LIMIT ?', limit).map(auditFromColumns)),
    revocations: () => guarded(() => all('SELECT * FROM revocations').map(revocationFromColumns)),
    pruneRevocations: (expiredBefore) =>
      guarded(() =>
        Number(database.prepare('DELETE FROM revocations WHERE not_after_at < ?').run(expiredBefore).changes),
      ),
  };
}
