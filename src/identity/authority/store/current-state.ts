/**
 * The state as this process last saw it, and the only way to change it: one step, one write, then everybody is told.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import type { BundleSet } from '../../../spiffe/bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { createFederatedView, type Federated } from './federated-view.ts';
import { demandNotSetBack } from './set-back.ts';
import { type AuthorityState, bundleOf, emptyState, intermediatesOf } from './state.ts';
import type { AuthorityStore, StateChange, VersionedState } from './store.ts';

/** The authorities' state as this process last saw it. */
export interface CurrentState {
  readonly state: AuthorityState;
  readonly version: number;
  readonly bundles: Watchable<BundleSet>;
  /** Rises with every new state. */
  readonly versions: Watchable<number>;
  /**
   * Runs one step under the store's lock; steps of this process run one after the other.
   * @throws GatehouseError `store_unusable` where the store is older by now: nothing is written to it
   */
  change(step: (state: AuthorityState) => StateChange): Promise<AuthorityState>;
  /** Publishes anew without what has expired meanwhile, also while the store is away and the sequence cannot rise. */
  passTime(): void;
  /** Publishes anew where the configuration names other trust domains than before. */
  publishFederated(): void;
  /**
   * Reads the store again when its version is another than the one we hold.
   * @throws GatehouseError `store_unusable` where it is older by now
   */
  refresh(version?: number): Promise<void>;
  /**
   * Demands that the store was not set back, as far as is known.
   * @param answered  a version that it has answered, to a question asked at `askedAt`, the version that we held then
   * @throws GatehouseError `store_unusable`
   */
  demandWhole(answered: number, askedAt: number): void;
}

/** Loads the state; an empty store gives an empty one. */
export async function loadCurrentState(
  store: AuthorityStore,
  trustDomain: TrustDomain,
  refreshHintSeconds: number,
  clock: Clock,
  { names }: Federated = { names: () => false },
): Promise<CurrentState> {
  const first = await store.load();
  let state = first.state ?? emptyState(trustDomain);
  let version = first.version;
  let turn: Promise<unknown> = Promise.resolve();
  const federatedOf = createFederatedView();
  const asBundles = (): BundleSet => {
    const atMs = clock.now();
    return {
      own: bundleOf(state, refreshHintSeconds, atMs),
      intermediates: intermediatesOf(state, atMs),
      federated: federatedOf(state.federated, names),
    };
  };
  const bundles = createWatchable(asBundles());
  const versions = createWatchable(version);

  const publishFederated = (): void => {
    const federated = federatedOf(state.federated, names);
    if (federated !== bundles.value.federated) bundles.replace({ ...bundles.value, federated });
  };
  const take = (next: AuthorityState | undefined, nextVersion: number): void => {
    if (nextVersion <= version || !next) return;
    const isOwnNew = next.sequence !== state.sequence;
    state = next;
    version = nextVersion;
    if (isOwnNew) bundles.replace(asBundles());
    else publishFederated();
    versions.replace(version);
  };
  /** Why the store is not believed; undefined while it is. */
  let doubt: unknown;
  const believe = (found: VersionedState): void => {
    doubt = undefined;
    try {
      demandNotSetBack({ version, state }, found);
    } catch (thrown) {
      doubt = thrown;
      throw thrown;
    }
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    get state() {
      return state;
    },
    get version() {
      return version;
    },
    bundles,
    versions,
    publishFederated,
    passTime() {
      const { own } = bundles.value;
      const now = asBundles();
      const isLess =
        now.own.x509Authorities.length < own.x509Authorities.length ||
        now.own.jwtAuthorities.length < own.jwtAuthorities.length;
      if (isLess) bundles.replace(now);
    },
    change: (step) =>
      inTurn(async () => {
        const written = await store.change((stored, storedVersion) => {
          believe({ state: stored, version: storedVersion });
          return step(stored ?? emptyState(trustDomain));
        });
        take(written.state, written.version);
        return state;
      }),
    refresh: (known) =>
      inTurn(async () => {
        if (known !== undefined && known <= version) return;
        const stored = await store.load();
        believe(stored);
        take(stored.state, stored.version);
      }),
    demandWhole(answered, askedAt) {
      if (doubt !== undefined) throw doubt;
      if (answered < askedAt) demandNotSetBack({ version: askedAt, state }, { version: answered, state });
    },
  };
}
