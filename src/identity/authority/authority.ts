/**
 * The authority as others see it: a source of identities for delivery, and the operator's verbs for the admin API.
 * `createAuthority` (create-authority.ts) makes one.
 * @module
 */
import type { Watchable } from '../../lib/watchable.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { JwtSvid, X509Svid } from '../../spiffe/svid.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Acknowledgement, JwtRequest, X509Request } from '../source/identity-source.ts';
import type { DeciderNames } from './join/decider-names.ts';
import type { JoinTokens } from './join/join-tokens.ts';
import type { Replicas } from './replicas.ts';
import type { RevocationTarget } from './revoke/revocation-target.ts';
import type { RewrapOutcome } from './rewrap.ts';
import type { ForecastAndActual } from './rotate/forecast.ts';
import type { Blocker } from './rotate/gate.ts';
import type { AuthorityUse, KeptForecast, Slot } from './store/state.ts';
import type {
  AuditRow,
  AuthorityStore,
  LedgerQuery,
  LedgerRow,
  RevocationKind,
  RevocationRow,
  UnexpiredRow,
} from './store/store.ts';

/** Who gives a verb, and why; both are kept. */
export interface Order {
  readonly use: AuthorityUse;
  /** Names the authority; empty: the only one that the verb can mean. */
  readonly authorityId: string;
  /** e.g. `uid:0` or a SPIFFE ID. */
  readonly who: string;
  readonly reason: string;
  /** Goes on although somebody would break; needs a reason. */
  readonly override: boolean;
}

/** What came of a verb. A wrong slot is an error (`slot_state`); a closed gate is an answer. */
export type VerbOutcome =
  | { readonly done: true; readonly authorityId: string; readonly sequence: number }
  | {
      readonly done: false;
      readonly code: 'rotation_blocked';
      readonly blockers: readonly Blocker[];
      /** Until time alone has removed them; undefined when only they can. */
      readonly etaSeconds: number | undefined;
    };

export const verbs = ['prepare', 'activate', 'taint', 'revoke', 'undo'] as const;
export type Verb = (typeof verbs)[number];

/** What a verb would meet: nobody in its way, or these. */
export interface GateLook {
  readonly authorityId: string;
  readonly blockers: readonly Blocker[];
  readonly etaSeconds: number | undefined;
}

export interface AuthorityStatus {
  readonly id: string;
  readonly use: AuthorityUse;
  readonly slot: Slot;
  /** Milliseconds since 1970. */
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  readonly subjectKeyId: string;
  readonly publishedSequence: number;
  readonly unexpiredSvids: number;
  /** Who is not known to hold its root at the gate's grade; empty for one that is revoked. */
  readonly unacknowledged: readonly Blocker[];
}

interface Status {
  readonly trustDomain: TrustDomain;
  readonly sequence: number;
  readonly x509Authorities: readonly AuthorityStatus[];
  readonly jwtAuthorities: readonly AuthorityStatus[];
}

/** Whether the authority can sign, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
  readonly cause: '' | 'store' | 'clock' | 'other';
}

/** All revocations that have not expired, as one value; `authz` gets the sets, the CRL the serials. */
export interface RevocationList {
  /** Rises with every change. */
  readonly sequence: number;
  readonly rows: readonly RevocationRow[];
}

/** What is to be revoked. */
export interface RevocationName {
  readonly kind: RevocationKind;
  readonly value: string;
}

export interface RevokeSvidOrder extends RevocationName {
  readonly who: string;
  readonly reason: string;
}

export interface Authority extends AsyncDisposable {
  readonly trustDomain: TrustDomain;
  readonly bundles: Watchable<BundleSet>;
  readonly readiness: Watchable<Readiness>;
  readonly revocations: Watchable<RevocationList>;
  /** One CRL an X.509 authority that is trusted, DER. */
  readonly crls: Watchable<readonly Uint8Array[]>;
  /**
   * Signs an X.509-SVID; resolves when its ledger row is durable.
   * @throws GatehouseError `authority_not_ready`, `store_unavailable`, `key_invalid`, `not_entitled` (another trust domain's ID)
   */
  issueX509(request: X509Request): Promise<X509Svid>;
  /** Signs a JWT-SVID, likewise. @throws GatehouseError `authority_not_ready`, `store_unavailable`, `message_invalid` (no audience) */
  issueJwt(request: JwtRequest): Promise<JwtSvid>;
  acknowledge(word: Acknowledgement): void;
  /** The consumer's stream has ended. What it holds goes on counting until it expires. */
  forget(consumer: string): void;
  /** When an SVID should be renewed, in milliseconds since 1970. */
  renewAt(svid: X509Svid): number;
  readonly renewals: Watchable<number>;
  /** How many SVIDs are due and wait for their turn. */
  renewalsWaiting(): number;
  /**
   * A handshake was denied, or the like: enough of them in a minute pause the renewals that a taint drives.
   *
   * @param who  had the trouble, as `holderOf` names him; one who had it before the taint counts for nothing
   */
  reportTrouble(who: string): void;
  /** Who holds a certificate that an authority of ours signed, trusted or not; a stranger's has no holder, nor has a revoked one. */
  holderOf(certificate: Uint8Array): SpiffeId | undefined;
  /** Whether troubles have paused the renewals of a taint. */
  taintPaused(): boolean;

  status(): Promise<Status>;
  /** Publishes a new authority (key and certificate first made durable). @throws GatehouseError `slot_state` */
  prepare(order: Order): Promise<VerbOutcome>;
  /** Lets the prepared one sign. Blocked while a holder of an unexpired SVID is not known to hold its root. */
  activate(order: Order): Promise<VerbOutcome>;
  /** Renews everything that an old authority signed, at a pace. Blocked like `activate`, by the root that signs now. */
  taint(order: Order): Promise<VerbOutcome>;
  /** Takes an authority out of the bundle and destroys its key. Blocked while an unexpired SVID chains to it. */
  revoke(order: Order): Promise<VerbOutcome>;
  /** Takes back the last step. */
  undo(order: Order): Promise<VerbOutcome>;
  /** What a verb would meet now: nothing is done, and nothing is kept of the question. @throws GatehouseError `slot_state` */
  gate(verb: Verb, order: Pick<Order, 'use' | 'authorityId'>): Promise<GateLook>;
  /** Keeps what a rehearsal said of the rotation that is to come, for `lastForecast` and with an audit row. */
  keepForecast(forecast: KeptForecast, who: string): Promise<void>;
  /** The forecast that was kept last, and what has really been since. */
  compareForecast(): Promise<ForecastAndActual | undefined>;
  /** The store, to be read, once what waited in memory is in it. */
  reading(): Promise<Pick<AuthorityStore, 'snapshot' | 'ledgerPages' | 'unexpired'>>;
  /**
   * Looks what such an order would hit, and whether it names anything that there is.
   *
   * @param mayBe  names that are right although nothing was issued to them yet
   * @throws GatehouseError `message_invalid` (no hex, no SPIFFE ID of ours)
   */
  revocationTarget(order: RevocationName, mayBe: readonly string[]): Promise<RevocationTarget>;
  /**
   * Revokes SVIDs by serial, ID or key: in force as soon as the `revocations` watchers have it. To a revoked ID or key nothing
   * is issued. @throws GatehouseError `not_found`, `message_invalid` (no hex, no SPIFFE ID of ours)
   */
  revokeSvid(order: RevokeSvidOrder): Promise<RevocationRow>;
  /**
   * Takes back the revocation of an ID or a key.
   * @throws GatehouseError `not_found`; `not_sound` while anything lives that it keeps out, and for a serial always
   */
  undoRevocation(order: RevokeSvidOrder): Promise<void>;
  /** The other replicas that live, with what their deciders have in force and have seen. */
  readonly replicas: Pick<Replicas, 'others' | 'revokedBy'>;
  /** Tells the other replicas at once what our deciders have in force now. */
  tellReplicas(): void;
  /**
   * Wraps all keys with another key-encryption key, while everything serves.
   * @throws GatehouseError `key_invalid` without one; `slot_state` while a replica does not know it; `unreachable`
   */
  rewrap(who: string, reason: string): Promise<RewrapOutcome>;
  /** Tokens with which deciders elsewhere join. */
  readonly joinTokens: JoinTokens;
  /** Which decider elsewhere a certificate belongs to. */
  readonly deciderNames: DeciderNames;
  /** How long ago the store was last seen, in milliseconds: what we know of other replicas may be as old as that. */
  storeAgeMs(): number;
  /** Keeps an audit row of what an operator did beside the authority. */
  note(row: Omit<AuditRow, 'at'>): Promise<void>;
  /** Of an authority's id the beginning is enough. */
  ledger(query: LedgerQuery): Promise<readonly LedgerRow[]>;
  /** Every issuance that has not expired, in pages, the first to expire first. @throws GatehouseError `store_unavailable` */
  unexpired(): AsyncIterable<readonly UnexpiredRow[]>;
  /** The id of the authority that was probably meant by one that signed nothing; undefined where it is right, or like none. */
  authorityMeantBy(id: string): string | undefined;
  /** Newest first. */
  audit(limit: number): Promise<readonly AuditRow[]>;
  /** Does what is due: rotation, pruning, CRLs, other replicas' news. Called every few seconds by itself; by hand in tests. */
  tick(): Promise<void>;
}
