/**
 * The authority's records: the ledger of issuances and the audit log.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import { authorityNamed, nearestAuthority } from './named-authority.ts';
import type { CurrentState } from './store/current-state.ts';
import type { AuditRow, AuthorityStore, LedgerQuery, LedgerRow, UnexpiredRow } from './store/store.ts';

/** What operators read of the authority's records. Everything throws `store_unavailable`. */
export interface Records {
  /** Of an authority's id the beginning is enough. */
  ledger(query: LedgerQuery): Promise<readonly LedgerRow[]>;
  /** Every issuance that has not expired, in pages, the first to expire first. */
  unexpired(): AsyncIterable<readonly UnexpiredRow[]>;
  /** The id of the authority that was probably meant by one that signed nothing; undefined where it is right, or like none. */
  authorityMeantBy(id: string): string | undefined;
  /** Newest first. */
  audit(limit: number): Promise<readonly AuditRow[]>;
  /** Adds an audit row for what an operator did beside the authority. */
  note(row: Omit<AuditRow, 'at'>): Promise<void>;
  /** The store, to be read, once what waited in memory is in it. */
  reading(): Promise<Pick<AuthorityStore, 'snapshot' | 'ledgerTexts' | 'unexpired'>>;
}

export interface RecordsDeps {
  readonly store: AuthorityStore;
  readonly current: Pick<CurrentState, 'state'>;
  readonly clock: Clock;
  /** Writes what waits in this process's memory. */
  flushOwn(): Promise<void>;
  /** Likewise, and learns what other replicas have written of their consumers. */
  flush(): Promise<void>;
}

/** Creates the records over the authority's store. */
export function createRecords({ store, current, clock, flushOwn, flush }: RecordsDeps): Records {
  return {
    async ledger(query) {
      await flush();
      const named = query.authorityId === undefined ? undefined : authorityNamed(current.state, query.authorityId);
      return store.ledger({ ...query, ...(named && { authorityId: named.id }) });
    },
    async *unexpired() {
      await flushOwn();
      yield* store.unexpired(clock.now());
    },
    authorityMeantBy: (id) => (authorityNamed(current.state, id) ? undefined : nearestAuthority(current.state, id)?.id),
    audit: (limit) => store.audit(limit),
    note: (row) => store.appendAudit({ at: clock.now(), ...row }),
    async reading() {
      await flush();
      return store;
    },
  };
}
