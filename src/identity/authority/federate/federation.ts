/**
 * The bundles of other trust domains: taken from their endpoints or set by hand, kept in the authority's state, so that all replicas
 * have them, a restart too, and a backup. Each stands alone: no bundle ever vouches for another trust domain.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { CurrentState } from '../store/current-state.ts';
import type { StoredBundle } from '../store/state.ts';
import type { AuditRow, StateChange } from '../store/store.ts';
import { differenceOf } from './difference.ts';

/** What became of a bundle that was offered. */
export interface Offered {
  /** lower: its sequence is below that of the one that is held, which stays. */
  readonly outcome: 'taken' | 'same' | 'lower';
  /** Sequence of the one that was held before; undefined: there was none. */
  readonly heldSequence: number | bigint | undefined;
  /** What it brought and took away, for people. */
  readonly difference: string;
  /** It has fewer authorities of those that were trusted before. */
  readonly hasLost: boolean;
}

/** Who does it, and why. */
export interface Order {
  readonly who: string;
  readonly reason: string;
}

/** Bundles of other trust domains. Everything throws `store_unavailable`. */
export interface Federation {
  /** Every bundle that is held, whether the configuration still names its trust domain or not. */
  held(): readonly StoredBundle[];
  /** Takes what an endpoint answered, unless its sequence is lower. @throws GatehouseError `message_invalid` where it is not to be had */
  take(bundle: Bundle): Promise<Offered>;
  /**
   * Takes what somebody sets.
   * @throws GatehouseError `message_invalid` for our own trust domain, `not_sound` for a lower sequence without `acceptLower`
   */
  set(bundle: Bundle, order: Order & { readonly acceptLower: boolean }): Promise<Offered>;
  /** Forgets one. @throws GatehouseError `message_invalid` for our own trust domain, `not_found` */
  remove(trustDomain: TrustDomain, order: Order): Promise<void>;
  /** Publishes anew what is in force by the configuration as it is now. */
  reconfigured(): void;
}

export interface FederationDeps {
  readonly current: CurrentState;
  readonly clock: Clock;
  readonly trustDomain: TrustDomain;
  /** Other names of ours: nobody else vouches for those. */
  readonly aliases?: (() => readonly TrustDomain[]) | undefined;
}

/** All together must fit into one message to a decider. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Trust domains, each of which every Check of a foreign peer might look through. */
const MOST_HELD = 256;

/** Creates it over the authority's state. */
export function createFederation({ current, clock, trustDomain: own, aliases }: FederationDeps): Federation {
  const refuseOwn = (trustDomain: TrustDomain): void => {
    const isAlias = aliases?.().includes(trustDomain) === true;
    if (trustDomain !== own && !isAlias) return;
    throw new GatehouseError(
      'message_invalid',
      `${trustDomain} is ${isAlias ? 'an alias of our own trust domain' : 'our own trust domain'}: only our own authorities vouch for it, and \`gatehouse ca\` changes those`,
      { trustDomain },
    );
  };
  const row = (verb: string, trustDomain: TrustDomain, { who, reason }: Order): AuditRow => ({
    ...{ at: clock.now(), who, verb, use: '', authorityId: trustDomain, reason, result: 'done' },
  });

  /** One step: what is held is compared and replaced under the store's lock. */
  const offer = async (
    bundle: Bundle,
    order: Order & { readonly verb: string; readonly isSet: boolean; readonly acceptLower: boolean },
  ): Promise<Offered> => {
    refuseOwn(bundle.trustDomain);
    let offered: Offered | undefined;
    await current.change((state): StateChange => {
      const all = state.federated ?? [];
      const held = all.find(({ trustDomain }) => trustDomain === bundle.trustDomain);
      const isSet = order.isSet || held?.isSet === true;
      const next = storedBundle(bundle, isSet, clock.now());
      const { text: difference, hasLost } = differenceOf(held, next);
      const heldSequence = held && BigInt(held.sequence);
      const isLower = heldSequence !== undefined && BigInt(next.sequence) < heldSequence && !order.acceptLower;
      const outcome = isLower ? 'lower' : held !== undefined && isSame(held, next) ? 'same' : 'taken';
      offered = { outcome, heldSequence, difference, hasLost };
      if (outcome !== 'taken') return { state };
      const others = all.filter((each) => each !== held);
      const federated = [...others, next].sort((a, b) => (a.trustDomain < b.trustDomain ? -1 : 1));
      checkRoom(federated, bundle.trustDomain);
      const reason = [order.reason, difference].filter((each) => each !== '').join(': ');
      return { state: { ...state, federated }, audit: row(order.verb, bundle.trustDomain, { ...order, reason }) };
    });
    return offered!; // the step has run
  };

  return {
    held: () => current.state.federated ?? [],
    take: (bundle) =>
      offer(bundle, { who: 'gatehouse', reason: '', verb: 'bundle fetch', isSet: false, acceptLower: false }),
    async set(bundle, { who, reason, acceptLower }) {
      const offered = await offer(bundle, { who, reason, verb: 'bundle set', isSet: true, acceptLower });
      if (offered.outcome === 'lower') throw lower(bundle, offered.heldSequence);
      return offered;
    },
    async remove(trustDomain, order) {
      refuseOwn(trustDomain);
      await current.change((state) => {
        const federated = (state.federated ?? []).filter((each) => each.trustDomain !== trustDomain);
        if (federated.length === (state.federated ?? []).length)
          throw new GatehouseError('not_found', `there is no bundle of ${trustDomain}`, { trustDomain });
        return { state: { ...state, federated }, audit: row('bundle delete', trustDomain, order) };
      });
    },
    reconfigured: () => current.publishFederated(),
  };
}

const storedBundle = (bundle: Bundle, isSet: boolean, changedAt: number): StoredBundle => ({
  trustDomain: bundle.trustDomain,
  sequence: String(bundle.sequence),
  refreshHintSeconds: bundle.refreshHintSeconds,
  x509Authorities: bundle.x509Authorities.map((der) => Buffer.from(der).toString('base64')),
  jwtAuthorities: bundle.jwtAuthorities,
  isSet,
  changedAt,
});

const isSame = (one: StoredBundle, other: StoredBundle): boolean =>
  JSON.stringify({ ...one, changedAt: 0 }) === JSON.stringify({ ...other, changedAt: 0 });

function checkRoom(federated: readonly StoredBundle[], trustDomain: TrustDomain): void {
  const bytes = JSON.stringify(federated).length;
  if (federated.length <= MOST_HELD && bytes <= MOST_BYTES) return;
  throw new GatehouseError(
    'message_invalid',
    `there is no room for the bundle of ${trustDomain}: all together may be ${MOST_HELD} of ${MOST_BYTES} bytes, and would be ${federated.length} of ${bytes}; delete some: gatehouse bundle list`,
    { trustDomain, bytes },
  );
}

const lower = ({ trustDomain, sequence }: Bundle, held: number | bigint | undefined): GatehouseError =>
  new GatehouseError(
    'not_sound',
    `the bundle of ${trustDomain} has sequence ${sequence}, and the one that is held has ${held}: an older one may trust keys that were revoked since; if it is meant, --accept-lower with --reason`,
    { trustDomain, sequence: String(sequence), held: String(held) },
  );
