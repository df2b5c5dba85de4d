/**
 * Puts the authority together: store, keys, slots, issuance, gate and upkeep.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { IdentitySource } from '../source/identity-source.ts';
import type { Authority } from './authority.ts';
import { createFederation } from './federate/federation.ts';
import { createGroupCommit, type GroupCommit } from './issue/group-commit.ts';
import { createIssuance, type Issuance } from './issue/issuance.ts';
import { createIssuers } from './issue/issuers.ts';
import { makeAuthority, type UpstreamAuthority } from './issue/new-authority.ts';
import { createIssuingReadiness } from './issuing-readiness.ts';
import { createDeciderNames } from './join/decider-names.ts';
import { createJoinTokens } from './join/join-tokens.ts';
import type { KeyStore } from './keys/signer.ts';
import { createLookAfter } from './look-after.ts';
import { createRecords } from './records.ts';
import { keysTrouble, sortRemoteKeys } from './remote-keys.ts';
import { createReplicas, type ReplicaReport, type Replicas } from './replicas.ts';
import { loadRevocations } from './revoke/revocation-tracker.ts';
import { createRevocations } from './revoke/revocations.ts';
import { reportOfKeys, rewrapAll, rewrapAtStart } from './rewrap.ts';
import { createClockWatch } from './rotate/clock-watch.ts';
import { type ConsumerTracker, createConsumerTracker } from './rotate/consumers.ts';
import { createRenewals, type Renewals } from './rotate/renewals.ts';
import { createRotation } from './rotate/rotation.ts';
import { createUpkeep, removeForgotten } from './rotate/upkeep.ts';
import type { AuthoritySettings } from './settings.ts';
import { type CurrentState, loadCurrentState } from './store/current-state.ts';
import type { Federated } from './store/federated-view.ts';
import { cleanUpKeys, type KnownStoreDeps, recognizeStore, rememberStates } from './store/known-store.ts';
import type { AuthorityStore, LedgerRow } from './store/store.ts';
import { watchStore } from './store/watched-store.ts';

export interface AuthorityDeps extends Omit<KnownStoreDeps, 'keys'> {
  /** Belongs to the authority from now on: it is closed with it. */
  readonly store: AuthorityStore;
  readonly keys: KeyStore;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets; `performance.now` unless told. */
  readonly monotonicMs?: () => number;
  readonly settings: AuthoritySettings;
  /** Signs X.509 authorities instead of themselves. */
  readonly upstream?: UpstreamAuthority;
  /** Keys live in memory: an active authority whose key is gone is replaced at once. */
  readonly keysMayBeGone?: boolean;
  /** Called with what went wrong in the background; never with secrets. */
  readonly report?: (error: GatehouseError) => void;
  /** Called at the first start, which makes new authorities. */
  readonly begun?: () => void;
  /** How often to look at what is due, in milliseconds; 0: only when `tick` is called. Default 1,000, and 500 with a shared store. */
  readonly tickEveryMs?: number;
  /** Other trust domains: whether the configuration names one, and which names are our own besides `trustDomain`. */
  readonly federation?: Federated & { readonly aliases: () => readonly TrustDomain[] };
  /** What to report to other replicas of our deciders; absent: nothing. */
  readonly deciderReport?: () => ReplicaReport;
}

const TICK_MS = 1_000;
/** One commit for so many: an older version has left a consumer for each fetch of a week. */
const FORGOTTEN_AT_ONCE = 4_096;
/** What other replicas do must be in force here within a second. */
const SHARED_TICK_MS = 500;

/**
 * Opens the authority of a trust domain; at first start it makes its keys. Every step is durable before it has an effect, so
 * that after a crash at any instant the next start goes on.
 *
 * One function longer than a screen: it only joins parts, in the order in which each needs the one before.
 *
 * @throws GatehouseError `store_unusable` (another trust domain's, or a key is gone), `store_unavailable`, `key_invalid`
 */
export async function createAuthority(deps: AuthorityDeps): Promise<Authority> {
  const { trustDomain, keys, clock, settings, upstream, keysMayBeGone = false, report = () => undefined } = deps;
  const readiness = createIssuingReadiness();
  const store = watchStore(deps.store, readiness);
  if (await recognizeStore(deps)) deps.begun?.();
  const current = await loadCurrentState(store, trustDomain, settings.refreshHintSeconds, clock, deps.federation);
  checkTrustDomain(current, deps);

  const replica = randomUUID();
  const consumers = createConsumerTracker(replica, store.shared);
  const replicas = createReplicas(store, replica, () => ({
    ...deps.deciderReport?.(),
    ...reportOfKeys(keys.encryption),
  }));
  const learnConsumers = async (): Promise<void> => {
    const learning = consumers.learn(await replicas.sendHeartbeat());
    for await (const page of store.consumers()) {
      learning.take(page);
      await removeForgotten(store, consumers, { most: FORGOTTEN_AT_ONCE, least: FORGOTTEN_AT_ONCE });
    }
    learning.end();
  };
  await learnConsumers();
  const ledger = createLedger(store, current, consumers);
  const flush = async (): Promise<void> => {
    await ledger.flush();
    if (store.shared) await learnConsumers();
  };

  const issuers = createIssuers({ current, keys, keysMayBeGone, settings });
  await issuers.reopen(); // before any key is moved: with that of the active one gone these are not the store's keys
  await sortRemoteKeys({ keys, current, store, replicas, report }); // first: what was being made far away is no key that nobody knows
  await sortKeys({ ...deps, store, report }, current, replicas);
  if (deps.memory) rememberStates(current, deps.memory, report);

  const revoked = await loadRevocations({ store, keys, current, clock });
  const renewals = createRenewals({ current, store, clock, settings });
  const base = { trustDomain, store, keys, current, consumers, clock, settings, flush, flushOwn: ledger.flush };
  const rotation = createRotation({
    ...base,
    renewals,
    reopen: issuers.reopen,
    makeAuthority: (use) => makeAuthority(use, { ...base, ...(upstream && { upstream }) }),
  });
  const clockWatch = createClockWatch({ clock, monotonicMs: deps.monotonicMs ?? (() => performance.now()) });
  const upkeep = createUpkeep({
    ...base,
    clockWatch,
    run: (verb, order) => rotation[verb](order),
    ...(upstream && { upstreamEndsAt: upstream.endsAt }),
    isGone: async (id) => keysMayBeGone && (await keys.open(id)) === undefined,
    destroyKey: (id) => keys.remove(id),
    report,
  });
  const issuance = createIssuance({
    ...base,
    ledger,
    issuers: () => issuers.now,
    bundleSequence: () => current.state.sequence,
    isRevoked: revoked.has,
    version: () => current.version,
    demandWhole: current.demandWhole,
    catchUp: async (version) => {
      await current.refresh(version);
      await revoked.refresh(false);
      await issuers.reopen();
    },
  });
  const lookAfter = createLookAfter({
    ...base,
    readiness,
    replicas,
    report,
    keysTrouble: () => keysTrouble(keys, current),
    async doWhatIsDue() {
      await keys.remote?.finish();
      await upkeep();
      await issuers.reopen();
      await renewals.look();
      await revoked.refresh(false);
    },
  });
  await lookAfter.tick();
  const everyMs = deps.tickEveryMs ?? (store.shared ? SHARED_TICK_MS : TICK_MS);
  if (everyMs > 0) lookAfter.start(everyMs);

  return {
    trustDomain,
    bundles: current.bundles,
    crls: revoked.crls,
    readiness: readiness.readiness,
    ...createSource(issuance, consumers, renewals, ledger, clock),
    ...rotation,
    ...createRevocations({
      ...base,
      tracker: revoked,
      longestSvidMs: settings.x509AuthorityTtlMs,
      flush: ledger.flush,
    }),
    ...createRecords(base),
    replicas,
    tellReplicas() {
      if (store.shared) void replicas.sendHeartbeat().catch(() => undefined); // the next tick says it again
    },
    storeAgeMs: lookAfter.storeAgeMs,
    joinTokens: createJoinTokens({
      current,
      clock,
      mayForget: clockWatch.isSteady,
      isThrownOut: (name) => revoked.has('decider', name),
    }),
    federation: createFederation({ ...base, aliases: deps.federation?.aliases }),
    deciderNames: createDeciderNames({ ...base, isRevoked: revoked.has, flush: ledger.flush }),
    rewrap: (who, reason) => rewrapAll({ ...base, replicas }, who, reason),
    tick: lookAfter.tick,
    async [Symbol.asyncDispose]() {
      await lookAfter.stop();
      await ledger.close();
      await replicas.leave();
      await store[Symbol.asyncDispose]();
    },
  };
}

function checkTrustDomain({ state }: CurrentState, { trustDomain }: AuthorityDeps): void {
  if (state.trustDomain === trustDomain) return;
  throw new GatehouseError(
    'store_unusable',
    `the store belongs to trust domain ${state.trustDomain}, the configuration says ${trustDomain}`,
    { stored: state.trustDomain, configured: trustDomain },
  );
}

/** The ledger; each of its writes also stores what has changed of consumers. */
function createLedger(
  store: AuthorityStore,
  current: CurrentState,
  consumers: ConsumerTracker,
): GroupCommit<LedgerRow> {
  return createGroupCommit(async (rows) => {
    const changed = consumers.takeChanged();
    if (rows.length === 0 && changed.length === 0) return current.version;
    try {
      return await store.appendLedger(rows, changed);
    } catch (thrown) {
      consumers.returnChanged(changed);
      throw thrown;
    }
  });
}

/** Wraps keys that lie plain, reports those that cannot be read, and destroys or sets aside those that a crash has left. */
async function sortKeys(
  { store, keys, clock, report }: AuthorityDeps & { readonly report: (error: GatehouseError) => void },
  current: CurrentState,
  replicas: Replicas,
): Promise<void> {
  const wrapped = await rewrapAtStart({ keys, current, store, replicas, clock });
  for (const name of wrapped?.unreadable ?? []) {
    const message = `the key ${name} is under a key-encryption key that is not known, or is no key`;
    report(new GatehouseError('key_invalid', message));
  }
  if (!store.shared) await cleanUpKeys(keys, current.state, report);
}

/** The part of the authority that delivery uses; what it acknowledges is stored with the next commit of the ledger. */
function createSource(
  issuance: Issuance,
  consumers: ConsumerTracker,
  renewals: Renewals,
  ledger: GroupCommit<LedgerRow>,
  clock: Clock,
): Pick<IdentitySource, 'issueX509' | 'issueJwt' | 'acknowledge' | 'forget' | 'renewAt' | 'renewals'> {
  return {
    async issueX509(request) {
      const svid = await issuance.issueX509(request);
      if (request.consumer === undefined || request.channel === 'pod-certificate') return svid; // nobody there ever says a word
      consumers.issued(request.consumer, svid.notAfterAt);
      // Stored with the next commit: until then a crash only makes the gate ask for more. An SDS consumer acknowledges by itself
      // that it has taken the certificate: it may refuse it.
      if (request.channel !== 'sds') consumers.renewed(request.consumer, clock.now());
      return svid;
    },
    issueJwt: issuance.issueJwt,
    acknowledge(acknowledgement) {
      consumers.acknowledge(acknowledgement, clock.now());
      const { grade, spiffeIds, consumer } = acknowledgement;
      if (grade === 'refused') renewals.trouble(spiffeIds.join(' ') || consumer);
      ledger.touch();
    },
    forget(consumer) {
      consumers.forget(consumer, clock.now());
      ledger.touch();
    },
    renewAt: renewals.renewAt,
    renewals: renewals.changes,
  };
}
