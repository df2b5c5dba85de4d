/**
 * An authority store in memory: for rehearsals, which work on a copy, and for tests.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuthorityState } from './state.ts';
import type { AuditRow, AuthorityStore, Consumer, LedgerQuery, LedgerRow, RevocationRow } from './store.ts';

/** Everything that a store holds, as plain values. */
export interface StoreContent {
  state: AuthorityState | undefined;
  version: number;
  ledger: Map<string, LedgerRow>;
  consumers: Map<string, Consumer>;
  audit: AuditRow[];
  revocations: Map<string, RevocationRow>;
}

/** Says whether a row is asked for; its limit and order are the store's matter. */
function matches(row: LedgerRow, query: LedgerQuery): boolean {
  return (
    (query.spiffeId === undefined || row.spiffeId === query.spiffeId) &&
    (query.authorityId === undefined || row.authorityId === query.authorityId) &&
    (query.spkiSha256 === undefined || row.spkiSha256 === query.spkiSha256) &&
    (query.kind === undefined || row.kind === query.kind) &&
    (query.serial === undefined || row.serial === query.serial) &&
    (query.unexpiredAt === undefined || row.notAfterAt > query.unexpiredAt) &&
    (query.issuedFrom === undefined || row.issuedAt >= query.issuedFrom) &&
    (query.issuedUntil === undefined || row.issuedAt < query.issuedUntil) &&
    (query.after === undefined || byNewest(query.after, row) < 0)
  );
}

type Ordered = Pick<LedgerRow, 'issuedAt' | 'serial'>;

/** Newest first, by serial where issued together. */
function byNewest(a: Ordered, b: Ordered): number {
  return b.issuedAt - a.issuedAt || (a.serial < b.serial ? 1 : a.serial > b.serial ? -1 : 0);
}

const PAGE_ROWS = 256;

/** A rehearsal looks at them many times over: others get their turn in between. */
async function* pagesOf<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < rows.length; at += PAGE_ROWS) {
    if (at > 0) await nextTurn();
    yield rows.slice(at, at + PAGE_ROWS);
  }
}

function removeWhere<K, V>(map: Map<K, V>, gone: (value: V) => boolean): number {
  const before = map.size;
  for (const [key, value] of map) if (gone(value)) map.delete(key);
  return before - map.size;
}

/** Creates a store over `content`, which it changes in place. */
export function createMemoryStore(content: StoreContent): AuthorityStore {
  return {
    shared: false,
    load: async () => ({ version: content.version, state: content.state }),
    async change(step) {
      const change = step(content.state, content.version);
      if (change.state !== content.state) {
        content.state = change.state;
        content.version += 1;
      }
      if (change.audit) content.audit.push(change.audit);
      for (const row of change.revocations ?? []) content.revocations.set(`${row.kind} ${row.value}`, row);
      return { version: content.version, state: content.state };
    },
    async appendLedger(rows, consumers) {
      for (const row of rows) {
        if (content.ledger.has(row.serial)) throw new TypeError(`serial ${row.serial} stands in the ledger already`);
        content.ledger.set(row.serial, row);
      }
      for (const each of consumers) content.consumers.set(each.consumer, each);
      return content.version;
    },
    async ledger(query) {
      const found = [...content.ledger.values()].filter((row) => matches(row, query));
      return found.sort(byNewest).slice(0, query.limit ?? 100);
    },
    async *unexpired(atMs) {
      const rows = [...content.ledger.values()].filter((row) => row.notAfterAt > atMs);
      yield* pagesOf(rows.sort((a, b) => a.notAfterAt - b.notAfterAt));
    },
    async *ledgerTexts() {
      for await (const page of pagesOf([...content.ledger.values()])) yield JSON.stringify(page);
    },
    pruneLedger: async (expiredBefore) => removeWhere(content.ledger, (row) => row.notAfterAt < expiredBefore),
    heartbeat: async (replica, word) => [{ replica, word }],
    async leave() {},
    async *consumers() {
      yield* pagesOf([...content.consumers.values()]);
    },
    async removeConsumers(names) {
      for (const name of names) content.consumers.delete(name);
    },
    async appendAudit(row) {
      content.audit.push(row);
    },
    audit: async (limit) => content.audit.slice(-limit).reverse(),
    revocations: async () => [...content.revocations.values()],
    pruneRevocations: async (expiredBefore) =>
      removeWhere(content.revocations, (row) => row.notAfterAt < expiredBefore),
    snapshot: async () => ({
      version: content.version,
      state: content.state,
      consumers: [...content.consumers.values()],
      audit: [...content.audit],
      revocations: [...content.revocations.values()],
    }),
    async restore(snapshot, ledger) {
      for await (const page of ledger ?? [])
        for (const row of page) if (!content.ledger.has(row.serial)) content.ledger.set(row.serial, row);
      content.version = snapshot.version;
      content.state = snapshot.state;
      for (const each of snapshot.consumers) content.consumers.set(each.consumer, each);
      for (const row of snapshot.revocations) content.revocations.set(`${row.kind} ${row.value}`, row);
      content.audit.push(...snapshot.audit);
    },
    async [Symbol.asyncDispose]() {},
  };
}
