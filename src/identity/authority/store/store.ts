/**
 * What the authority needs of a store. SQLite and PostgreSQL implement it in platform/storage.
 * @module
 */
import type { AckGrade, Channel } from '../../source/identity-source.ts';
import type { AuthorityState, AuthorityUse } from './state.ts';

/** One issuance. Times in milliseconds since 1970. */
export interface LedgerRow {
  /** X.509: the serial, lower-case hex. JWT: the `jti`. Never twice. */
  readonly serial: string;
  readonly kind: AuthorityUse;
  readonly spiffeId: string;
  readonly selectors: readonly string[];
  /** Lower-case hex SHA-256 of the subject public key info; empty for a JWT. */
  readonly spkiSha256: string;
  readonly authorityId: string;
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  readonly issuedAt: number;
  readonly channel: Channel;
  /** Empty where delivery did not say who. */
  readonly consumer: string;
  /** The bundle's sequence when it was issued. */
  readonly bundleSequence: number;
}

/** What a gate, a revocation or a rehearsal needs of an unexpired row. */
export type UnexpiredRow = Omit<LedgerRow, 'selectors'>;

/** Which rows of the ledger; what is absent does not restrict. */
export interface LedgerQuery {
  readonly spiffeId?: string;
  readonly authorityId?: string;
  readonly kind?: AuthorityUse;
  readonly serial?: string;
  readonly spkiSha256?: string;
  /** Only what expires after this instant. */
  readonly unexpiredAt?: number;
  /** Only what was issued in [from, until). */
  readonly issuedFrom?: number;
  readonly issuedUntil?: number;
  /** Only what comes after that row in the answer's order: the next page. */
  readonly after?: Pick<LedgerRow, 'issuedAt' | 'serial'>;
  /** Newest first, by serial where issued together; at most this many, default 100. */
  readonly limit?: number;
}

/** What is known of one consumer; kept until it leaves, and then as long as something that it holds is valid and it says more of that than the ledger. */
export interface Consumer {
  readonly consumer: string;
  readonly channel: Channel;
  readonly spiffeIds: readonly string[];
  readonly kinds: readonly AuthorityUse[];
  readonly connected: boolean;
  /** The process that it talks to: when that one is gone, the consumer is not connected any more. */
  readonly replica: string;
  readonly lastSeenAt: number;
  /** When each of the last bundle sequences was sent to it, oldest first. */
  readonly sent: readonly { readonly sequence: number; readonly at: number }[];
  /** The first bundle that it was ever given; undefined before that, and of consumers that an older version wrote down. */
  readonly firstSequence?: number | undefined;
  readonly acknowledgedSequence: number;
  readonly renewedSequence: number;
  readonly refusedSequence: number;
  /** From the last bundle's sending to its acknowledgement, milliseconds; undefined before the first. */
  readonly latencyMs?: number | undefined;
  readonly lastGrade: AckGrade;
  /** When the last of the SVIDs that were issued to it expires; 0: it has none. Undefined of consumers that an older version wrote down. */
  readonly heldUntil?: number | undefined;
}

/** One verb of an operator, or of Gatehouse itself. */
export interface AuditRow {
  readonly at: number;
  /** e.g. `uid:0`, `spiffe://…`, `gatehouse`. */
  readonly who: string;
  readonly verb: string;
  readonly use: AuthorityUse | '';
  readonly authorityId: string;
  /** Why: the operator's words, or the schedule. */
  readonly reason: string;
  /** `done`, or the code of the refusal. */
  readonly result: string;
}

/** `decider`: the name of one elsewhere, with every certificate that it ever enrolled. */
export type RevocationKind = 'serial' | 'id' | 'spki' | 'decider';

/** What must be refused although it has not expired. */
export interface RevocationRow {
  readonly kind: RevocationKind;
  /** Serial or SHA-256 in lower-case hex, a SPIFFE ID, or a decider's name. */
  readonly value: string;
  /** The authority that issued that serial; empty where unknown. It decides which CRL the serial stands in. */
  readonly authorityId: string;
  readonly reason: string;
  readonly revokedAt: number;
  /** Until when it must be kept. */
  readonly notAfterAt: number;
}

/** What one step writes, all of it or nothing. */
export interface StateChange {
  readonly state: AuthorityState;
  readonly audit?: AuditRow;
  readonly revocations?: readonly RevocationRow[];
}

/** The state with the version of its last write. */
export interface VersionedState {
  /** Rises with every write, by whichever replica. */
  readonly version: number;
  readonly state: AuthorityState | undefined;
}

/** Everything that a store holds but the ledger, which has pages of its own. */
export interface StoreSnapshot extends VersionedState {
  readonly consumers: readonly Consumer[];
  /** Oldest first. */
  readonly audit: readonly AuditRow[];
  readonly revocations: readonly RevocationRow[];
}

/** A process that shares the store, and what it has said last: JSON. */
export interface LivingReplica {
  readonly replica: string;
  readonly word: string;
}

/** Where an authority keeps everything but its keys. Its methods throw GatehouseError `store_unavailable`. */
export interface AuthorityStore extends AsyncDisposable {
  load(): Promise<VersionedState>;
  /**
   * Reads the state under an exclusive lock, gives it to `step` with its version, and writes what that returns; durable when it resolves. What
   * `step` throws leaves everything as it was. Returning the state it was given writes nothing but audit and revocations.
   * @throws GatehouseError `store_unavailable`
   */
  change(step: (state: AuthorityState | undefined, version: number) => StateChange): Promise<VersionedState>;
  /**
   * Adds rows, durable when it resolves; answers the version of the state at that instant, so that a replica learns of another
   * one's step before anything leaves. @throws GatehouseError `store_unavailable`
   */
  appendLedger(rows: readonly LedgerRow[], consumers: readonly Consumer[]): Promise<number>;
  ledger(query: LedgerQuery): Promise<readonly LedgerRow[]>;
  /**
   * Every row that expires after that instant, the first to expire first, in pages so small that reading one holds nobody up.
   * What is added meanwhile may be among them.
   */
  unexpired(atMs: number): AsyncIterable<readonly UnexpiredRow[]>;
  /**
   * Every row, in pages so small that reading one holds nobody up: each the JSON text of an array of `LedgerRow` in one line, which
   * the database makes and nobody here takes apart. It has all that are there when it is asked for; what is added meanwhile may be
   * among them.
   */
  ledgerTexts(): AsyncIterable<string>;
  /** Removes some of the rows that expired before that instant, so few that it holds nobody up; answers how many, 0: none are left. */
  pruneLedger(expiredBefore: number): Promise<number>;
  /** Says that this process lives, and a word to the others; answers which ones live, itself included. */
  heartbeat(replica: string, word: string): Promise<readonly LivingReplica[]>;
  /** Says that it lives no more. */
  leave(replica: string): Promise<void>;
  /** Every consumer, in pages so small that reading one holds nobody up. */
  consumers(): AsyncIterable<readonly Consumer[]>;
  removeConsumers(names: readonly string[]): Promise<void>;
  appendAudit(row: AuditRow): Promise<void>;
  /** Newest first. */
  audit(limit: number): Promise<readonly AuditRow[]>;
  revocations(): Promise<readonly RevocationRow[]>;
  pruneRevocations(expiredBefore: number): Promise<number>;
  /** Reads state and revocations at one instant, also while others write; the audit as far as it went then. */
  snapshot(): Promise<StoreSnapshot>;
  /**
   * Takes in a snapshot, all of it or nothing: its state and version stand afterwards, consumers and revocations take the place
   * of those of their name, and rows of ledger and audit are added, a ledger's only where its serial is new. A shared store may
   * have rows of the ledger already when the rest fails: the same again then adds the rest.
   */
  restore(snapshot: StoreSnapshot, ledger?: AsyncIterable<readonly LedgerRow[]>): Promise<void>;
  /** Says whether other replicas may write too. */
  readonly shared: boolean;
}
