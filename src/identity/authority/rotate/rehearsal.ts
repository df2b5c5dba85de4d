/**
 * Rehearses a rotation: the real gate and the real steps, on a copy of the ledger, under virtual time, with the latencies that
 * were observed. Nothing of it touches the store.
 * @module
 */
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { Authority } from '../authority.ts';
import { createAuthority } from '../create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../keys/local-keys.ts';
import type { KeyStore } from '../keys/signer.ts';
import type { Order } from '../rotate/orders.ts';
import type { AuthoritySettings } from '../settings.ts';
import { createMemoryStore, type StoreContent } from '../store/memory-store.ts';
import type { AuthorityUse } from '../store/state.ts';
import type { AuthorityStore, Consumer, LedgerRow, LivingReplica, StoreSnapshot } from '../store/store.ts';
import { type Breakage, type Edge, type Forecast, peakOf } from './forecast.ts';
import { type Blocker, isHeld, isMounted } from './gate.ts';
import { isCanary, pacedAt, paceOf } from './renewals.ts';
import { renewDueAt } from './schedule.ts';

export interface RehearsalDeps {
  readonly use: AuthorityUse;
  readonly trustDomain: TrustDomain;
  /** What is read of it: state, consumers, and what has not expired. */
  readonly store: Pick<AuthorityStore, 'snapshot' | 'unexpired'>;
  /** Opens the keys of the authorities that sign; nothing is made in it. */
  readonly keys: KeyStore;
  readonly settings: AuthoritySettings;
  /** From the decision log. */
  readonly edges: readonly Edge[];
  /** When the rotation would begin; milliseconds since 1970. */
  readonly startAt: number;
}

const orderFor = (use: AuthorityUse, override: boolean): Order => ({
  use,
  authorityId: '',
  who: 'rehearsal',
  reason: 'rehearsal',
  override,
});

/** A gate whose wait does not end after so many looks is not passed by waiting. */
const MAX_LOOKS = 50;

/** Rehearses prepare → activate → taint → revoke of the authorities of one use. */
export async function rehearse(deps: RehearsalDeps): Promise<Forecast> {
  const { use } = deps;
  const order = (override: boolean): Order => orderFor(use, override);
  const snapshot = await deps.store.snapshot();
  const content = await copyOf(snapshot, deps);
  const replicas = [...new Set(snapshot.consumers.map((each) => each.replica))];
  let now = deps.startAt;
  const clock = { now: () => now };
  await using authority = await createAuthority({
    trustDomain: deps.trustDomain,
    // Nobody talks to the copy: who is connected stays so.
    store: { ...createMemoryStore(content), heartbeat: async (replica) => alive(replica, ...replicas) },
    keys: withoutTouching(deps.keys),
    clock,
    settings: deps.settings,
    tickEveryMs: 0,
  });
  if (content.state?.authorities.some((each) => each.use === use && each.slot === 'prepared') !== true) {
    await authority.prepare(order(false));
  }
  const atOnce = await authority.activate({ ...order(false), reason: 'who lacks the root now' });
  const lacking = atOnce.done ? [] : atOnce.blockers;
  if (atOnce.done) await authority.undo(order(false));

  const reports = expectedReports(snapshot.consumers, authority.bundles.value.own.sequence, deps.startAt);
  const waitFor = async (verb: 'activate' | 'taint' | 'revoke'): Promise<Wait> => {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      for (const report of reports.filter((each) => each.at <= now)) acknowledge(authority, report);
      const outcome = await authority[verb](order(false));
      if (outcome.done) return { at: now, laggards: [] };
      const next = reports.filter((each) => each.at > now).map((each) => each.at);
      const byTime = outcome.blockers.flatMap((each) => each.doneBy ?? []).filter((at) => at > now);
      // A gate opens only when the last is done; but the last one may be a report that is still to come.
      const then = next.length > 0 ? Math.min(...next) : Math.max(...byTime, 0);
      if (then <= now) {
        await authority[verb](order(true));
        return { at: undefined, laggards: outcome.blockers.filter((each) => each.doneBy === undefined) };
      }
      if (verb === 'activate') renewUntil(then, content, use, authority.bundles.value.own.sequence);
      now = then;
    }
    return { at: undefined, laggards: [] };
  };
  const live = liveRows(content, use, deps.startAt);
  const activated = await waitFor('activate');
  const tainted = await waitFor('taint');
  const taintAt = now;
  const revoked = await waitFor('revoke');
  const renewed = use === 'x509' ? live : [];
  const pace = paceOf(taintAt, renewed.length, deps.settings);
  const breakageOf = (blockers: readonly Blocker[]): Breakage => {
    const lackers = [...new Set(blockers.map((each) => each.spiffeId || each.consumer))];
    return use === 'x509' ? breakage(lackers, live, deps) : tokenBreakage(lackers, live, deps);
  };
  return {
    use,
    startAt: deps.startAt,
    activateSafeAt: activated.at,
    taintSafeAt: tainted.at,
    revokeSafeAt: activated.at === undefined ? undefined : revoked.at,
    laggards: activated.laggards,
    ifActivatedAtOnce: breakageOf(lacking),
    ifOverridden: breakageOf(activated.laggards),
    liveSvids: live.length,
    signingPeakPerSecond: {
      paced: peakOf(
        renewed.map((row) => Math.min(pacedAt(pace, row.serial), renewDueAt(row, row.serial, row.issuedAt))),
      ),
      allAtOnce: renewed.length,
    },
    pacing: {
      renewalsPerSecond: deps.settings.renewalsPerSecond,
      canaries: pace.canaryHoldMs > 0 ? renewed.filter((row) => isCanary(row.serial)).length : 0,
      canaryHoldMs: pace.canaryHoldMs,
      spreadMs: pace.canaryHoldMs + pace.lengthMs,
    },
  };
}

const alive = (...replicas: readonly string[]): readonly LivingReplica[] =>
  replicas.map((replica) => ({ replica, word: '{}' }));

interface Wait {
  readonly at: number | undefined;
  readonly laggards: readonly Blocker[];
}

/** Of the ledger only what may still be held, and only of the use that is rehearsed. */
async function copyOf(snapshot: StoreSnapshot, { store, use, startAt }: RehearsalDeps): Promise<StoreContent> {
  const ledger = new Map<string, LedgerRow>();
  for await (const page of store.unexpired(startAt))
    for (const row of page) if (row.kind === use && isHeld(row)) ledger.set(row.serial, { ...row, selectors: [] });
  return {
    state: snapshot.state,
    version: snapshot.version,
    ledger,
    consumers: new Map(snapshot.consumers.map((each) => [each.consumer, each])),
    audit: [],
    revocations: new Map(snapshot.revocations.map((row) => [`${row.kind} ${row.value}`, row])),
  };
}

/** Keys that the rehearsal makes live in memory; those of the real authorities are opened, never removed. */
function withoutTouching(keys: KeyStore): KeyStore {
  const own = createLocalKeyStore(createMemoryKeyBlobs());
  return {
    place: own.place,
    create: (keyType) => own.create(keyType),
    open: async (keyId) => (await own.open(keyId)) ?? keys.open(keyId),
    remove: (keyId) => own.remove(keyId),
    setAside: (keyId) => own.setAside(keyId),
    list: () => own.list(),
  };
}

/** What a consumer will say of the new bundle, and when: as fast as it was the last time. */
interface ExpectedReport {
  readonly consumer: Consumer;
  readonly at: number;
  readonly grade: 'sent' | 'acknowledged';
  readonly sequence: number;
}

function expectedReports(consumers: readonly Consumer[], sequence: number, startAt: number): readonly ExpectedReport[] {
  return consumers
    .filter((each) => each.connected)
    .flatMap((consumer): ExpectedReport[] => {
      const sent: ExpectedReport = { consumer, at: startAt, grade: 'sent', sequence };
      const { latencyMs } = consumer;
      const refuses = consumer.refusedSequence > consumer.acknowledgedSequence;
      if (latencyMs === undefined || refuses || isOverdue(consumer, latencyMs, startAt)) return [sent];
      return [sent, { ...sent, at: startAt + latencyMs, grade: 'acknowledged' }];
    });
}

const OVERDUE_AT_LEAST_MS = 3_000;

/** What it was sent long ago, by its own measure, and has not acknowledged, it will not acknowledge. */
function isOverdue({ sent, acknowledgedSequence }: Consumer, latencyMs: number, atMs: number): boolean {
  const open = sent.find(({ sequence }) => sequence > acknowledgedSequence);
  return open !== undefined && atMs - open.at > Math.max(10 * latencyMs, OVERDUE_AT_LEAST_MS);
}

function acknowledge(authority: Authority, { consumer, grade, sequence }: ExpectedReport): void {
  authority.acknowledge({
    consumer: consumer.consumer,
    channel: consumer.channel,
    spiffeIds: consumer.spiffeIds as never, // they were SPIFFE IDs when they were stored
    sequence,
    grade,
    kinds: consumer.kinds,
  });
}

/** Until the new authority signs, whoever is here goes on renewing under the old one: its last SVID expires later for it. */
function renewUntil(atMs: number, content: StoreContent, use: AuthorityUse, bundleSequence: number): void {
  const isHere = (row: LedgerRow): boolean =>
    row.consumer === '' || isMounted(row) || content.consumers.get(row.consumer)?.connected === true;
  for (const row of liveRows(content, use, 0)) {
    if (!isHere(row)) continue;
    const lifeMs = row.notAfterAt - row.notBeforeAt;
    const backdateMs = row.issuedAt - row.notBeforeAt;
    let last = row;
    for (
      let due = renewDueAt(last, last.serial, last.issuedAt);
      due <= atMs && due < last.notAfterAt;
      due = renewDueAt(last, last.serial, last.issuedAt)
    ) {
      const notBeforeAt = due - backdateMs;
      const serial = `${last.serial}+`;
      last = { ...last, serial, issuedAt: due, notBeforeAt, notAfterAt: notBeforeAt + lifeMs, bundleSequence };
    }
    if (last !== row) content.ledger.set(last.serial, last);
  }
}

/** The newest unexpired SVID of each holder: older ones are not renewed again. */
function liveRows(content: StoreContent, use: AuthorityUse, atMs: number): readonly LedgerRow[] {
  const newest = new Map<string, LedgerRow>();
  for (const row of content.ledger.values()) {
    if (row.kind !== use || row.notAfterAt <= atMs) continue;
    const key = `${row.consumer || row.serial} ${row.spiffeId}`;
    const known = newest.get(key);
    if (!known || known.issuedAt < row.issuedAt) newest.set(key, row);
  }
  return [...newest.values()];
}

/** Who lacks the root fails as soon as a peer of his has renewed under it; and so do all of his edges, both ways. */
function breakage(lacking: readonly string[], live: readonly LedgerRow[], { edges, startAt }: RehearsalDeps): Breakage {
  const without = new Set(lacking);
  const broken = edges.filter(({ caller, callee }) => without.has(caller) || without.has(callee));
  const peers = new Set(
    broken.flatMap(({ caller, callee }) => [
      ...(without.has(caller) ? [callee] : []),
      ...(without.has(callee) ? [caller] : []),
    ]),
  );
  const renewals = live
    .filter((row) => peers.has(row.spiffeId))
    .map((row) => Math.max(startAt, renewDueAt(row, row.serial, row.issuedAt)));
  return {
    firstBreakAt: renewals.length === 0 ? undefined : renewals.reduce((a, b) => Math.min(a, b)),
    lacking,
    edges: broken,
  };
}

/**
 * A validator who lacks the key refuses every token that is signed with it; the first comes when a token that is out has expired
 * and its holder fetches another. Holders themselves need no key: they break with their validators.
 */
function tokenBreakage(
  lacking: readonly string[],
  live: readonly LedgerRow[],
  { edges, startAt }: RehearsalDeps,
): Breakage {
  const validators = new Set(lacking);
  const holders = new Set(live.map((row) => row.spiffeId));
  const next = lacking.length === 0 ? [] : live.map((row) => Math.max(startAt, row.notAfterAt));
  return {
    firstBreakAt: next.length === 0 ? undefined : next.reduce((a, b) => Math.min(a, b)),
    lacking,
    edges: edges.filter(({ caller, callee }) => holders.has(caller) && validators.has(callee)),
  };
}
