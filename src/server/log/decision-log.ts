/**
 * Decisions of all deciders: logged, and the latest kept for `/v1/decisions` and to be explained.
 * @module
 */
import { LOG_SCHEMA, type LoggedFacts } from '../../authz/record/logged-facts.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import type { Log } from '../../platform/observe/log.ts';
import { type DecisionRecord, decisionRecord } from './decision-record.ts';

/** The latest decisions of all deciders. */
export interface DecisionLog {
  add(entries: readonly RedactedDecision[]): void;
  /** Those that are still kept, newest first. */
  recent<R>(asked: RecentQuestion<R>): RecentDecisions<R>;
  /** A decision that is still kept. */
  find(id: string): RedactedDecision | undefined;
  /** How many decisions are kept now. */
  readonly size: number;
  /** How many there were since the start. */
  readonly added: number;
}

/** Which of the decisions that are kept. */
export interface RecentQuestion<R> {
  readonly most: number;
  readonly effect?: 'allow' | 'deny' | undefined;
  /** `next` of an answer before: only what has come since. That of another start means all. */
  readonly after?: string | undefined;
  /** What is shown of one; undefined: it is not wanted. */
  readonly recordOf: (entry: RedactedDecision) => R | undefined;
}

/** Some of the latest decisions. */
export interface RecentDecisions<R> {
  readonly records: readonly R[];
  /** What `after` says: microseconds of `performance.now`; 0: all. */
  readonly since: number;
  /** What to ask `after` for those that come later. */
  readonly next: string;
  /** With `after`: some that had come since are not among these: there were more than `most`, or later ones have pushed them out. */
  readonly gap: boolean;
}

export interface DecisionLogOptions {
  /** Decisions kept of each kind; default 1,024. */
  readonly kept?: number;
  /** Bytes of requests kept of each kind; default 8 MiB. */
  readonly keptBytes?: number;
  /** What the log says of a request beside its record, so that it can be decided again. */
  readonly factsOf?: (entry: RedactedDecision) => LoggedFacts | undefined;
}

/** Creates an empty log. Denies and allows are kept apart, so that allows never push a deny out. `note` is told each. */
export function createDecisionLog(
  log: Log,
  note: (record: DecisionRecord, entry: RedactedDecision) => void = () => undefined,
  { kept = 1_024, keptBytes = 8 * 1024 * 1024, factsOf = () => undefined }: DecisionLogOptions = {},
): DecisionLog {
  // Records hold no secrets, and looking through each for some would cost more than writing it.
  const lines = log.child({}, { level: 'info', redact: [] });
  const begun = Date.now().toString(36);
  /** Instants, which rise: what is no count tells nobody how much others were asked. */
  let last = 0;
  let added = 0;
  const nextNumber = (): number => (last = Math.max(last + 1, Math.floor(performance.now() * 1000)));
  const shelves = { deny: createShelf(kept, keptBytes), allow: createShelf(kept, keptBytes) };
  return {
    add(some) {
      for (const entry of some) {
        const record = decisionRecord(entry);
        note(record, entry);
        if (log.isLevelEnabled('info')) {
          // A line of an access log has a few, which are told by another name: what is not among them is not known to be absent.
          const told = entry.reported ? { reportedFacts: entry.reportedFacts } : { facts: factsOf(entry) };
          lines.info({ schema: LOG_SCHEMA, ...record, ...told }, 'decision');
        }
        shelves[entry.decision.effect].add(entry, nextNumber());
        added += 1;
      }
    },
    recent({ most, effect, after, recordOf }) {
      const [start, number] = after?.split('-') ?? [];
      const since = start === begun ? Number(number) : 0;
      const asked = effect === undefined ? [shelves.deny, shelves.allow] : [shelves[effect]];
      const found = asked.flatMap((shelf) => shelf.since(since)).sort((a, b) => b.decidedAt - a.decidedAt);
      const { records, isCut } = firstOf(found, most, recordOf);
      const gap = after !== undefined && (isCut || asked.some((shelf) => shelf.lastPushedOut() > since));
      return { since, records, next: `${begun}-${nextNumber()}`, gap };
    },
    find: (id) => shelves.deny.find(id) ?? shelves.allow.find(id),
    get added() {
      return added;
    },
    get size() {
      return shelves.deny.size() + shelves.allow.size();
    },
  };
}

/** The first that have a record, and whether there were more. */
function firstOf<R>(entries: readonly RedactedDecision[], most: number, recordOf: RecentQuestion<R>['recordOf']) {
  const records: R[] = [];
  for (const entry of entries) {
    const record = recordOf(entry);
    if (record === undefined) continue;
    if (records.length === most) return { records, isCut: true };
    records.push(record);
  }
  return { records, isCut: false };
}

interface Kept {
  readonly id: string;
  readonly number: number;
  readonly bytes: number;
}

/**
 * The latest, by their numbers, which rise. A queue beside the map, although that keeps an order too: to find its oldest entry a map looks
 * at every place from which one was taken.
 */
function createShelf(most: number, mostBytes: number) {
  const byId = new Map<string, RedactedDecision>();
  let queue: Kept[] = [];
  /** Where the queue begins; what stands before has been pushed out. */
  let oldest = 0;
  let allBytes = 0;
  let lastPushedOut = 0;

  function pushOut({ id, number, bytes }: Kept): void {
    byId.delete(id);
    allBytes -= bytes;
    lastPushedOut = number;
    oldest += 1;
    if (oldest <= most) return;
    queue = queue.slice(oldest);
    oldest = 0;
  }

  return {
    find: (id: string) => byId.get(id),
    size: () => byId.size,
    /** Those with a higher number. */
    since(number: number): readonly RedactedDecision[] {
      let from = queue.length;
      while (from > oldest && queue[from - 1]!.number > number) from -= 1; // within the queue
      return queue.slice(from).flatMap(({ id }) => byId.get(id) ?? []);
    },
    lastPushedOut: () => lastPushedOut,
    add(entry: RedactedDecision, number: number): void {
      const bytes = entry.request?.length ?? 0;
      byId.set(entry.id, entry);
      queue.push({ id: entry.id, number, bytes });
      allBytes += bytes;
      while (oldest < queue.length && (queue.length - oldest > most || allBytes > mostBytes)) pushOut(queue[oldest]!);
    },
  };
}
