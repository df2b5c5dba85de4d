/**
 * The gate: who would break if a step were taken now, by name, and when each will be done.
 * Pure: from what is held and consumers' words to blockers; as work that lets others in between.
 * @module
 */
import type { Work } from '../../../lib/work.ts';
import type { AckGrade, Channel } from '../../source/identity-source.ts';
import type { GateGrade } from '../settings.ts';
import type { AuthorityUse } from '../store/state.ts';
import type { Consumer, UnexpiredRow } from '../store/store.ts';

/** Somebody who would break. */
export interface Blocker {
  readonly spiffeId: string;
  /** Of the SVID that he holds; empty where he holds none that we know of. */
  readonly serial: string;
  readonly consumer: string;
  readonly protocol: Channel;
  readonly grade: AckGrade | 'none';
  readonly holdsSequence: number;
  readonly needsSequence: number;
  /** Milliseconds since 1970; undefined where unknown. */
  readonly lastSeenAt: number | undefined;
  /** When time alone will have removed him; undefined when only he can. */
  readonly doneBy: number | undefined;
}

/** What must be true before a root may be used: every holder has the bundle of `needsSequence`, published at `publishedAt`. */
export interface RootQuestion {
  readonly use: AuthorityUse;
  readonly needsSequence: number;
  readonly publishedAt: number;
  readonly grade: GateGrade;
  readonly atMs: number;
  /** Half of an SVID's usual life, or of the one that he holds where that is longer: then a Workload API client is taken to have what he was sent. */
  readonly halfLifeMs: number;
  /** How long a fetcher that says nothing of itself may go on with what it has, by its channel. */
  readonly fetcherPatienceMs: Readonly<Record<AnonymousChannel, number>>;
}

/** A channel of fetchers who say nothing of themselves. */
export type AnonymousChannel = 'bundle-endpoint' | 'oidc';

export const isAnonymous = (channel: Channel): channel is AnonymousChannel =>
  channel === 'bundle-endpoint' || channel === 'oidc';
/**
 * Channels whose answer carries certificate and bundle in one, the bundle never older than that under which the certificate was
 * signed: who uses the one holds the other.
 */
export const bundled: ReadonlySet<Channel> = new Set(['workload-api', 'istio-ca', 'feed', 'admin']);
/** Channels whose certificates nobody holds: their keys never left, or are ours, and are replaced by ourselves at once. */
const unheld: ReadonlySet<Channel> = new Set(['self', 'look']);
/**
 * The kubelet's channel: one consumer publishes the roots of all its holders, and a kubelet that has seen them mounts them within
 * so long.
 */
const MOUNTED: Channel = 'pod-certificate';
const MOUNT_PATIENCE_MS = 10 * 60_000;
/** Channels on which an acknowledgement cannot exist. */
const silent: ReadonlySet<Channel> = new Set(['workload-api']);

type RootKnowledge = { readonly holds: true } | { readonly holds: false; readonly doneBy: number | undefined };

const HOLDS: RootKnowledge = { holds: true };

/**
 * Where a consumer stands: a grade counts when it is at least the one that is asked for.
 *
 * @param holds  a certificate that it holds
 */
function rootKnowledgeOf(consumer: Consumer, question: RootQuestion, holds?: UnexpiredRow): RootKnowledge {
  const { needsSequence, grade, atMs } = question;
  if (isAnonymous(consumer.channel)) {
    const fetchableAt = consumer.sent.find(({ sequence }) => sequence >= needsSequence)?.at ?? question.publishedAt;
    const doneBy = fetchableAt + question.fetcherPatienceMs[consumer.channel];
    return atMs >= doneBy ? HOLDS : { holds: false, doneBy };
  }
  if (consumer.channel === MOUNTED) return mountedKnowledgeOf(consumer, question);
  if (consumer.renewedSequence >= needsSequence) return HOLDS;
  // Whatever it has, it was given with that bundle or a newer one; it never had another.
  const holdsOlder = holds !== undefined && holds.bundleSequence < needsSequence;
  const neverHadOlder = !holdsOlder && (consumer.firstSequence ?? 0) >= needsSequence;
  if (neverHadOlder && silent.has(consumer.channel)) return HOLDS;
  if (consumer.refusedSequence >= needsSequence && consumer.acknowledgedSequence < needsSequence) {
    return { holds: false, doneBy: undefined };
  }
  if (grade !== 'renewed' && consumer.acknowledgedSequence >= needsSequence) return HOLDS;
  const sentAt = consumer.sent.find((each) => each.sequence >= needsSequence)?.at;
  if (sentAt === undefined) return { holds: false, doneBy: undefined };
  if (grade === 'sent') return HOLDS;
  if (!silent.has(consumer.channel)) return { holds: false, doneBy: undefined };
  const doneBy = sentAt + Math.max(question.halfLifeMs, holds ? (holds.notAfterAt - holds.issuedAt) / 2 : 0);
  return atMs >= doneBy ? HOLDS : { holds: false, doneBy };
}

/** Pods say nothing of their roots: whatever grade is asked for, time counts, from when a publisher was seen to have them out. */
function mountedKnowledgeOf({ sent }: Consumer, { needsSequence, atMs }: RootQuestion): RootKnowledge {
  const publishedAt = sent.find(({ sequence }) => sequence >= needsSequence)?.at;
  if (publishedAt === undefined) return { holds: false, doneBy: undefined };
  const doneBy = publishedAt + MOUNT_PATIENCE_MS;
  return atMs >= doneBy ? HOLDS : { holds: false, doneBy };
}

/** A look at everybody who may lack a root, which goes on with each page of the ledger. */
export interface RootLook {
  /** Takes in unexpired rows. */
  take(rows: readonly UnexpiredRow[]): void;
  blockers(): readonly Blocker[];
}

/**
 * Looks for everybody who is not known to hold the root: whoever is connected, which is seen at once, and whoever holds an unexpired
 * SVID, connected or not.
 */
export function* lookForRoot(consumers: ReadonlyMap<string, Consumer>, question: RootQuestion): Work<RootLook> {
  const blockers = new Map<string, Blocker>();
  for (const consumer of consumers.values()) {
    yield;
    if (!consumer.kinds.includes(question.use) || !(consumer.connected || isAnonymous(consumer.channel))) continue;
    const knowledge = rootKnowledgeOf(consumer, question);
    if (!knowledge.holds) blockers.set(consumer.consumer, blockerOf(consumer, undefined, knowledge.doneBy, question));
  }
  const sameIdentity = yield* byIdentity(consumers);
  const publishers = [...consumers.values()].filter(({ channel, connected }) => channel === MOUNTED && connected);
  return {
    take(rows) {
      if (question.use === 'x509') addHolders(blockers, rows, { consumers, sameIdentity, publishers, question });
    },
    blockers: () => [...blockers.values()],
  };
}

interface Known {
  readonly consumers: ReadonlyMap<string, Consumer>;
  readonly sameIdentity: (row: UnexpiredRow) => readonly Consumer[];
  /** Of the roots of whatever a kubelet mounts. */
  readonly publishers: readonly Consumer[];
  readonly question: RootQuestion;
}

function addHolders(
  blockers: Map<string, Blocker>,
  rows: readonly UnexpiredRow[],
  { consumers, sameIdentity, publishers, question }: Known,
): void {
  for (const row of rows) {
    if (row.kind !== 'x509' || unheld.has(row.channel)) continue;
    if (bundled.has(row.channel) && row.bundleSequence >= question.needsSequence) continue;
    const known = consumers.get(row.consumer);
    const holders = row.channel === MOUNTED ? publishers : known ? [known] : sameIdentity(row);
    const looks = holders.map((each) => ({ consumer: each, knowledge: rootKnowledgeOf(each, question, row) }));
    const lack = looks.find(({ knowledge }) => !knowledge.holds);
    if (holders.length > 0 && !lack) continue;
    const lacking = lack?.consumer;
    const key = row.consumer || lacking?.consumer || `${row.channel} ${row.spiffeId}`;
    const earlier = blockers.get(key);
    // What he holds expires by then, and with it the question; unless he is here and takes another.
    const waits = lack?.knowledge.holds === false ? lack.knowledge.doneBy : undefined;
    const ends = lacking?.connected ? waits : row.notAfterAt;
    const doneBy = ends === undefined ? undefined : Math.max(earlier?.doneBy ?? 0, ends);
    blockers.set(key, {
      ...blockerOf(lacking, row, doneBy, question),
      consumer: row.consumer || (lacking?.consumer ?? ''),
    });
  }
}

/** Where delivery did not say who holds a row: every consumer of that ID on that channel. */
function* byIdentity(consumers: ReadonlyMap<string, Consumer>): Work<(row: UnexpiredRow) => readonly Consumer[]> {
  const index = new Map<string, Consumer[]>();
  for (const consumer of consumers.values()) {
    yield;
    for (const spiffeId of consumer.spiffeIds) {
      const key = `${consumer.channel} ${spiffeId}`;
      const known = index.get(key);
      if (known) known.push(consumer);
      else index.set(key, [consumer]);
    }
  }
  return (row) => (row.consumer === '' ? (index.get(`${row.channel} ${row.spiffeId}`) ?? []) : []);
}

function blockerOf(
  consumer: Consumer | undefined,
  row: UnexpiredRow | undefined,
  doneBy: number | undefined,
  question: RootQuestion,
): Blocker {
  const refused = consumer !== undefined && consumer.refusedSequence >= question.needsSequence;
  return {
    spiffeId: row?.spiffeId ?? consumer?.spiffeIds[0] ?? '',
    serial: row?.serial ?? '',
    consumer: consumer?.consumer ?? '',
    protocol: row?.channel ?? consumer?.channel ?? 'admin',
    grade: refused ? 'refused' : consumer && consumer.sent.length > 0 ? gradeHeld(consumer) : 'none',
    holdsSequence: consumer ? heldSequence(consumer) : (row?.bundleSequence ?? 0),
    needsSequence: question.needsSequence,
    lastSeenAt: consumer?.lastSeenAt ?? row?.issuedAt,
    doneBy,
  };
}

function heldSequence(consumer: Consumer): number {
  const sent = consumer.sent.at(-1)?.sequence ?? 0;
  const proven = Math.max(consumer.acknowledgedSequence, consumer.renewedSequence);
  return proven > 0 ? proven : sent;
}

function gradeHeld(consumer: Consumer): AckGrade {
  if (consumer.renewedSequence > 0) return 'renewed';
  return consumer.acknowledgedSequence > 0 ? 'acknowledged' : 'sent';
}

/** Who holds something that chains to the authority that signed it: he ends when it expires, and verifiers have taken it `leewayMs` longer. */
export function holderOf(row: UnexpiredRow, consumers: ReadonlyMap<string, Consumer>, leewayMs: number): Blocker {
  const consumer = consumers.get(row.consumer);
  return {
    spiffeId: row.spiffeId,
    serial: row.serial,
    consumer: row.consumer,
    protocol: row.channel,
    grade: consumer ? gradeHeld(consumer) : isMounted(row) ? 'sent' : 'none',
    holdsSequence: consumer ? heldSequence(consumer) : row.bundleSequence,
    needsSequence: row.bundleSequence,
    lastSeenAt: consumer?.lastSeenAt ?? row.issuedAt,
    doneBy: row.notAfterAt + leewayMs,
  };
}

/** Whether somebody may hold it: what was only looked at has no key. */
export const isHeld = ({ channel }: Pick<UnexpiredRow, 'channel'>): boolean => channel !== 'look';

/** Whether a kubelet holds it for a pod: nobody but he replaces it. */
export const isMounted = ({ channel }: Pick<UnexpiredRow, 'channel'>): boolean => channel === MOUNTED;

/** Counts a page of unexpired rows by authority. */
export function countInto(counts: Map<string, number>, page: readonly UnexpiredRow[]): void {
  for (const { authorityId, channel } of page)
    if (isHeld({ channel })) counts.set(authorityId, (counts.get(authorityId) ?? 0) + 1);
}

/** Seconds until time alone has removed all of them; undefined when only they can. */
export function etaSeconds(blockers: readonly Blocker[], atMs: number): number | undefined {
  let last = atMs;
  for (const { doneBy } of blockers) {
    if (doneBy === undefined) return undefined;
    last = Math.max(last, doneBy);
  }
  return Math.ceil((last - atMs) / 1000);
}
