/**
 * The rotation of the authorities, as operators and monitoring use it: status, the steps with their gate, and forecasts.
 * @module
 */
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { type AuthorityUse, activeOf, type Slot, type StoredForecast } from '../store/state.ts';
import type { AuditRow, AuthorityStore } from '../store/store.ts';
import { actualSteps, type ForecastAndActual, signingPeak } from './forecast.ts';
import type { Blocker } from './gate.ts';
import type { GateLook, Order, OrderTarget, Verb, VerbOutcome } from './orders.ts';
import type { Renewals } from './renewals.ts';
import { type Survey, surveyOf } from './survey.ts';
import { lookAtGate, runVerb, type VerbDeps } from './verbs.ts';

/** One authority, its slot and its holders. */
export interface AuthorityStatus {
  readonly id: string;
  readonly use: AuthorityUse;
  readonly slot: Slot;
  /** Milliseconds since 1970. */
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  /** Lower-case hex (RFC 5280 §4.2.1.2). */
  readonly subjectKeyId: string;
  /** Where its key lives, as `Signer.place` says it, or `destroyed`. */
  readonly keyPlace: string;
  /** Of the first bundle that held its root. */
  readonly publishedSequence: number;
  readonly unexpiredSvids: number;
  /** When the last of those that kubelets hold for pods expires: only they replace them. Undefined: there are none. */
  readonly mountedUntilAt: number | undefined;
  /** The holders that are not known to hold its root at the gate's grade; empty for one that is revoked. */
  readonly unacknowledged: readonly Blocker[];
}

/** The X.509 authority that signs. Milliseconds since 1970. */
export interface SigningX509 {
  readonly id: string;
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  readonly roots: readonly Uint8Array[];
}

/** The authorities of both uses, from one look at the ledger. */
export interface RotationStatus {
  readonly trustDomain: TrustDomain;
  /** Of the bundle that is published now. */
  readonly sequence: number;
  readonly x509Authorities: readonly AuthorityStatus[];
  readonly jwtAuthorities: readonly AuthorityStatus[];
}

/**
 * What operators and monitoring need of the rotation. All verbs throw `slot_state` where no authority is in the slot that they
 * need, and `store_unavailable`.
 */
export interface Rotation {
  /** The X.509 authority that signs now, with what verifies what it signs, DER. */
  signing(): SigningX509 | undefined;
  /** @throws GatehouseError `store_unavailable` */
  status(): Promise<RotationStatus>;
  /** Publishes a new authority; its key and certificate are first made durable. */
  prepare(order: Order): Promise<VerbOutcome>;
  /** Lets the prepared one sign. Blocked while a holder of an unexpired SVID is not known to hold its root. */
  activate(order: Order): Promise<VerbOutcome>;
  /** Renews everything that an old authority signed, at a pace. Blocked like `activate`, by the root that signs now. */
  taint(order: Order): Promise<VerbOutcome>;
  /** Takes an authority out of the bundle and destroys its key. Blocked while an unexpired SVID chains to it. */
  revoke(order: Order): Promise<VerbOutcome>;
  /** Reverses the last step. */
  undo(order: Order): Promise<VerbOutcome>;
  /** What a verb would meet now: no step is taken and nothing is recorded. @throws GatehouseError `slot_state` */
  gate(verb: Verb, target: OrderTarget): Promise<GateLook>;
  /** Stores what a rehearsal said of the rotation that is to come, for `compareForecast`, with an audit row. */
  keepForecast(forecast: StoredForecast, who: string): Promise<void>;
  /** The forecast that was stored last, and what the rotation has done since; undefined without one. */
  compareForecast(): Promise<ForecastAndActual | undefined>;
  /** How many SVIDs are due and wait for their turn. */
  renewalsWaiting(): number;
  /** Whether reported troubles have paused the renewals of a taint. */
  taintPaused(): boolean;
  /**
   * Reports a denied handshake, or the like: enough of them in a minute pause the renewals that a taint drives.
   *
   * @param holder  had the trouble, as `holderOf` names it; one that had it before the taint counts for nothing
   * @param witness  whose word it is, where it is not the holder's own: all that one witness says counts as one identity's
   */
  reportTrouble(holder: SpiffeId | string, witness?: string): void;
}

export interface RotationDeps extends VerbDeps {
  readonly trustDomain: TrustDomain;
  readonly store: Pick<AuthorityStore, 'unexpired' | 'appendAudit' | 'ledger'>;
  readonly renewals: Renewals;
  /** Opens the keys of the authorities that sign after a step. */
  reopen(): Promise<void>;
}

/** Creates the rotation over the authority's state. */
export function createRotation(deps: RotationDeps): Rotation {
  const { trustDomain, store, current, clock, renewals } = deps;
  const run = async (verb: Verb, order: Order): Promise<VerbOutcome> => {
    const outcome = await runVerb(verb, order, deps);
    await deps.reopen();
    await renewals.look();
    return outcome;
  };
  return {
    signing() {
      const active = activeOf(current.state, 'x509');
      if (active === undefined) return undefined;
      const { id, notBeforeAt, notAfterAt, roots } = active;
      return { id, notBeforeAt, notAfterAt, roots: roots.map((each) => Buffer.from(each, 'base64')) };
    },
    async status() {
      const { authorities } = current.state;
      const survey = await surveyOf(
        authorities.filter((each) => each.slot !== 'revoked'),
        deps,
      );
      return {
        trustDomain,
        sequence: current.state.sequence,
        x509Authorities: statusOf('x509', survey, deps),
        jwtAuthorities: statusOf('jwt', survey, deps),
      };
    },
    prepare: (order) => run('prepare', order),
    activate: (order) => run('activate', order),
    taint: (order) => run('taint', order),
    revoke: (order) => run('revoke', order),
    undo: (order) => run('undo', order),
    gate: (verb, target) => lookAtGate(verb, target, deps),
    async keepForecast(forecast, who) {
      const row = { at: clock.now(), who, verb: 'ca rehearse', use: 'x509', authorityId: '', reason: '' } as const;
      const audit: AuditRow = { ...row, result: 'done' };
      await current.change((state) => ({ state: { ...state, forecast }, audit }));
    },
    async compareForecast() {
      const { forecast } = current.state;
      if (!forecast) return undefined;
      const steps = actualSteps(current.state, forecast);
      if (steps.taintedAt === undefined) return { forecast, actual: { ...steps, signingPeakPerSecond: undefined } };
      await deps.flush();
      const { taintedAt: issuedFrom, revokedAt: issuedUntil } = steps;
      const signed = { kind: 'x509', issuedFrom, ...(issuedUntil !== undefined && { issuedUntil }) } as const;
      return { forecast, actual: { ...steps, signingPeakPerSecond: await signingPeak(store, signed) } };
    },
    renewalsWaiting: renewals.waiting,
    taintPaused: () => renewals.paused,
    reportTrouble: renewals.trouble,
  };
}

function statusOf(
  use: AuthorityUse,
  { unexpired, mountedUntil, lacking }: Survey,
  { current }: RotationDeps,
): AuthorityStatus[] {
  return current.state.authorities
    .filter((each) => each.use === use)
    .map((each) => ({
      id: each.id,
      use,
      slot: each.slot,
      notBeforeAt: each.notBeforeAt,
      notAfterAt: each.notAfterAt,
      subjectKeyId: each.id,
      keyPlace: each.keyDestroyed ? 'destroyed' : (each.keyPlace ?? 'disk'),
      publishedSequence: each.publishedSequence,
      unexpiredSvids: unexpired.get(each.id) ?? 0,
      mountedUntilAt: mountedUntil.get(each.id),
      unacknowledged: lacking.get(each.id) ?? [],
    }));
}
