/**
 * Puts the authority together: store, keys, slots, issuance, gate and upkeep.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { setInterval as every } from 'node:timers';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Authority, AuthorityStatus } from './authority.ts';
import { selfSigned } from './issue/authority-certificate.ts';
import { createGroupCommit } from './issue/group-commit.ts';
import { createIssuance } from './issue/issuance.ts';
import { NO_ISSUERS, openIssuers } from './issue/issuers.ts';
import { jwtAlgorithms, newJwtAuthority } from './issue/jwt-issuer.ts';
import { clockTrouble } from './issue/sound-life.ts';
import { createDeciderNames } from './join/decider-names.ts';
import { createJoinTokens } from './join/join-tokens.ts';
import type { KeyStore, Signer } from './keys/signer.ts';
import { authorityNamed, nearestAuthority } from './named-authority.ts';
import { createReplicas, type ReplicaWord } from './replicas.ts';
import { holderOf } from './revoke/holder-of.ts';
import { loadRevocations } from './revoke/revocation-list.ts';
import { keyWords, rewrapAll, rewrapAtStart } from './rewrap.ts';
import { createConsumerBook } from './rotate/consumers.ts';
import { actualSteps, signingPeak } from './rotate/forecast.ts';
import { createRenewals } from './rotate/renewals.ts';
import type { NewAuthority } from './rotate/slots.ts';
import { createUpkeep } from './rotate/upkeep.ts';
import { createVerbs, type Survey } from './rotate/verbs.ts';
import type { AuthoritySettings } from './settings.ts';
import { createStanding } from './standing.ts';
import { loadCurrentState } from './store/current-state.ts';
import { type KnownStoreDeps, recognizeStore, rememberStates, settleKeys } from './store/known-store.ts';
import type { AuthorityUse } from './store/state.ts';
import type { AuthorityStore, LedgerRow } from './store/store.ts';
import { watchStore } from './store/watched-store.ts';

export interface AuthorityDeps extends Omit<KnownStoreDeps, 'keys'> {
  /** Belongs to the authority from now on: it is closed with it. */
  readonly store: AuthorityStore;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
  /** Signs X.509 authorities instead of themselves. */
  readonly upstream?: UpstreamAuthority;
  /** Keys live in memory: an active authority whose key is gone is replaced at once. */
  readonly keysMayBeGone?: boolean;
  /** Told of what went wrong in the background; never of secrets. */
  readonly report?: (error: GatehouseError) => void;
  /** Told that this is the first start, which makes new authorities. */
  readonly begun?: () => void;
  /** How often to look at what is due, in milliseconds; 0: only when `tick` is called. Default 1,000, and 500 with a shared store. */
  readonly tickEveryMs?: number;
  /** What to say to other replicas of our deciders; absent: nothing. */
  readonly replicaWord?: () => ReplicaWord;
}

const TICK_MS = 1_000;
/** What other replicas do must be in force here within a second. */
const SHARED_TICK_MS = 500;

/** An authority above ours. */
export interface UpstreamAuthority {
  /** Certifies our key as an intermediate. @throws GatehouseError `certificate_invalid` when its own certificate is not fit */
  certify(signer: Signer, trustDomain: TrustDomain, atMs: number, ttlMs: number): Promise<NewAuthority>;
  /** When what it would certify now must end, milliseconds since 1970. @throws GatehouseError as `certify` */
  endsAt(atMs: number): Promise<number>;
}

/**
 * Opens the authority of a trust domain; at first start it makes its keys. Every step is durable before it has an effect, so
 * that after a crash at any instant the next start goes on.
 *
 * @throws GatehouseError `store_unusable` (another trust domain's, or a key is gone), `store_unavailable`, `key_invalid`
 */
export async function createAuthority(deps: AuthorityDeps): Promise<Authority> {
  const { trustDomain, keys, clock, settings } = deps;
  const standing = createStanding();
  const store = watchStore(deps.store, standing);
  const report = deps.report ?? (() => undefined);
  if (await recognizeStore(deps)) deps.begun?.();
  const current = await loadCurrentState(store, trustDomain, settings.refreshHintSeconds, clock);
  if (current.state.trustDomain !== trustDomain) {
    throw new GatehouseError(
      'store_unusable',
      `the store belongs to trust domain ${current.state.trustDomain}, the configuration says ${trustDomain}`,
      { stored: current.state.trustDomain, configured: trustDomain },
    );
  }
  const replica = randomUUID();
  const consumers = createConsumerBook(replica);
  const replicas = createReplicas(store, replica, () => ({ ...deps.replicaWord?.(), ...keyWords(keys.encryption) }));
  const learnConsumers = async (): Promise<void> => {
    const alive = await replicas.beat();
    consumers.merge(await store.consumers(), alive);
  };
  await learnConsumers();
  const ledger = createGroupCommit<LedgerRow>(async (rows) => {
    const changed = consumers.takeChanged();
    if (rows.length === 0 && changed.length === 0) return current.version;
    try {
      return await store.appendLedger(rows, changed);
    } catch (thrown) {
      consumers.returnChanged(changed);
      throw thrown;
    }
  });
  let issuers = NO_ISSUERS;
  const reopen = async (): Promise<void> => {
    keys.encryption?.prefer(current.state.keyEncryptionKeyId);
    issuers = await openIssuers(current.state, keys, issuers, deps.keysMayBeGone === true);
  };
  const makeAuthority = async (use: AuthorityUse): Promise<NewAuthority> => {
    const atMs = clock.now();
    if (use === 'jwt') {
      const signer = await keys.create(jwtAlgorithms[settings.jwtAlgorithm].keyType);
      return newJwtAuthority(signer, settings.jwtAlgorithm, atMs, settings.jwtAuthorityTtlMs);
    }
    const signer = await keys.create(settings.keyType);
    return deps.upstream
      ? deps.upstream.certify(signer, trustDomain, atMs, settings.x509AuthorityTtlMs)
      : selfSigned(signer, trustDomain, atMs, settings.x509AuthorityTtlMs);
  };
  const flush = async (): Promise<void> => {
    await ledger.flush();
    if (store.shared) await learnConsumers();
  };
  const verbs = createVerbs({ store, keys, current, consumers, clock, settings, makeAuthority, flush });
  const run: typeof verbs.run = async (verb, order) => {
    const outcome = await verbs.run(verb, order);
    await reopen();
    await renewals.look();
    return outcome;
  };
  const renewals = createRenewals({ current, store, clock, settings });
  const upkeep = createUpkeep({
    store,
    current,
    consumers,
    clock,
    settings,
    run,
    ...(deps.upstream && { upstreamEndsAt: deps.upstream.endsAt }),
    isGone: async (id) => deps.keysMayBeGone === true && (await keys.open(id)) === undefined,
    destroyKey: (id) => keys.remove(id),
    report,
  });
  const issuance = createIssuance({
    trustDomain,
    clock,
    settings,
    ledger,
    issuers: () => issuers,
    bundleSequence: () => current.state.sequence,
    isRevoked: (kind, value) => revocations.has(kind, value),
    version: () => current.version,
    catchUp: async (version) => {
      await current.refresh(version);
      await revocations.refresh(false);
      await reopen();
    },
  });

  let ticking: Promise<void> | undefined;
  let storeSeenAt = performance.now();
  const tickOnce = async (): Promise<void> => {
    const seenAt = performance.now(); // what is read below is at most as old as this
    const lookedAt = standing.look();
    try {
      if (store.shared || standing.needsProof()) await replicas.beat();
      await upkeep();
      await reopen();
      await renewals.look();
      await revocations.refresh(false);
      storeSeenAt = seenAt;
      lookedAt(clockTrouble(current.state, clock.now()));
    } catch (thrown) {
      current.passTime();
      const error = asGatehouseError(thrown);
      standing.failed(error);
      throw error;
    }
  };
  const tick = (): Promise<void> => {
    ticking ??= tickOnce().finally(() => {
      ticking = undefined;
    });
    return ticking;
  };

  await reopen(); // before any key is moved: with that of the active one gone these are not the store's keys
  const rewrapDeps = { keys, current, store, replicas, clock };
  const wrapped = await rewrapAtStart(rewrapDeps);
  for (const name of wrapped?.unreadable ?? [])
    report(
      new GatehouseError(
        'key_invalid',
        `the key ${name} is under a key-encryption key that is not known, or is no key`,
      ),
    );
  if (!store.shared) await settleKeys(keys, current.state.authorities, report);
  if (deps.memory) rememberStates(current, deps.memory, report);
  const revocations = await loadRevocations({
    store,
    keys,
    current,
    clock,
    longestSvidMs: settings.x509AuthorityTtlMs,
    flush: ledger.flush,
  });
  await tick();
  const everyMs = deps.tickEveryMs ?? (store.shared ? SHARED_TICK_MS : TICK_MS);
  let told = '';
  const tickAndReport = (): void =>
    void tick().then(
      () => {
        told = '';
      },
      (thrown) => {
        const error = asGatehouseError(thrown);
        if (error.message !== told) report(error); // an outage is told once, not every second
        told = error.message;
      },
    );
  const timer = everyMs > 0 ? every(tickAndReport, everyMs) : undefined;

  const statusOf = (use: AuthorityUse, { unexpired, lacking }: Survey): AuthorityStatus[] =>
    current.state.authorities
      .filter((each) => each.use === use)
      .map((each) => ({
        id: each.id,
        use,
        slot: each.slot,
        notBeforeAt: each.notBeforeAt,
        notAfterAt: each.notAfterAt,
        subjectKeyId: each.id,
        publishedSequence: each.publishedSequence,
        unexpiredSvids: unexpired.get(each.id) ?? 0,
        unacknowledged: lacking.get(each.id) ?? [],
      }));

  return {
    trustDomain,
    bundles: current.bundles,
    readiness: standing.readiness,
    revocations: revocations.list,
    crls: revocations.crls,
    async issueX509(request) {
      const svid = await issuance.issueX509(request);
      // Stored with the next commit: until then a crash only makes the gate ask for more. By SDS it says so itself when it has
      // taken the certificate: it may refuse it.
      if (request.consumer !== undefined && request.channel !== 'sds') consumers.renewed(request.consumer, clock.now());
      return svid;
    },
    issueJwt: issuance.issueJwt,
    acknowledge(word) {
      consumers.hear(word, clock.now());
      if (word.grade === 'refused') renewals.trouble(word.spiffeIds.join(' ') || word.consumer);
      ledger.touch();
    },
    forget(consumer) {
      consumers.forget(consumer, clock.now());
      ledger.touch();
    },
    renewAt: renewals.renewAt,
    renewals: renewals.changes,
    renewalsWaiting: renewals.waiting,
    reportTrouble: renewals.trouble,
    holderOf: (certificate) => holderOf(certificate, { current, clock, isRevoked: revocations.has }),
    taintPaused: () => renewals.paused,
    async status() {
      const survey = await verbs.survey();
      return {
        trustDomain,
        sequence: current.state.sequence,
        x509Authorities: statusOf('x509', survey),
        jwtAuthorities: statusOf('jwt', survey),
      };
    },
    prepare: (order) => run('prepare', order),
    activate: (order) => run('activate', order),
    taint: (order) => run('taint', order),
    revoke: (order) => run('revoke', order),
    undo: (order) => run('undo', order),
    gate: (verb, order) => verbs.look(verb, order),
    async keepForecast(forecast, who) {
      const audit = {
        at: clock.now(),
        who,
        verb: 'ca rehearse',
        use: 'x509',
        authorityId: '',
        reason: '',
        result: 'done',
      } as const;
      await current.change((state) => ({ state: { ...state, forecast }, audit }));
    },
    async compareForecast() {
      const { forecast } = current.state;
      if (!forecast) return undefined;
      const steps = actualSteps(current.state, forecast);
      if (steps.taintedAt === undefined) return { forecast, actual: { ...steps, signingPeakPerSecond: undefined } };
      await flush();
      const signed = {
        kind: 'x509',
        issuedFrom: steps.taintedAt,
        ...(steps.revokedAt !== undefined && { issuedUntil: steps.revokedAt }),
      } as const;
      return { forecast, actual: { ...steps, signingPeakPerSecond: await signingPeak(store, signed) } };
    },
    async reading() {
      await flush();
      return store;
    },
    async revocationTarget(order, mayBe) {
      await ledger.flush();
      return revocations.target(order, mayBe);
    },
    revokeSvid: async (order) => {
      await ledger.flush(); // what was signed before stands in the CRL that is signed now
      return revocations.revoke(order);
    },
    undoRevocation: async (order) => {
      await ledger.flush();
      await revocations.undo(order);
    },
    note: (row) => store.appendAudit({ at: clock.now(), ...row }),
    async ledger(query) {
      await flush();
      const named = query.authorityId === undefined ? undefined : authorityNamed(current.state, query.authorityId);
      return store.ledger({ ...query, ...(named && { authorityId: named.id }) });
    },
    async *unexpired() {
      await ledger.flush();
      yield* store.unexpired(clock.now());
    },
    authorityMeantBy: (id) => (authorityNamed(current.state, id) ? undefined : nearestAuthority(current.state, id)?.id),
    audit: (limit) => store.audit(limit),
    replicas,
    tellReplicas() {
      if (store.shared) void replicas.beat().catch(() => undefined); // the next tick says it again
    },
    rewrap: (who, reason) => rewrapAll(rewrapDeps, who, reason),
    joinTokens: createJoinTokens({ current, clock, isThrownOut: (name) => revocations.has('decider', name) }),
    deciderNames: createDeciderNames({ store, clock, trustDomain, isRevoked: revocations.has, flush: ledger.flush }),
    storeAgeMs: () => performance.now() - storeSeenAt,
    tick,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await ticking?.catch(() => undefined);
      await ledger.close();
      await replicas.leave();
      await store[Symbol.asyncDispose]();
    },
  };
}
