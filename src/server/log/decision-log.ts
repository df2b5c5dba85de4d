/**
 * Decisions of all deciders: logged, and the latest kept for `/v1/decisions` and to be explained.
 * @module
 */
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import type { Log } from '../../platform/observe/log.ts';
import { type DecisionRecord, decisionRecord } from './decision-record.ts';

/** The latest decisions of all deciders. */
export interface DecisionLog {
  add(entries: readonly RedactedDecision[]): void;
  /**
   * Newest first.
   *
   * @param show  how who asks is shown a decision, or undefined where he is not; whole unless told
   */
  recent(most: number, show?: (entry: RedactedDecision) => DecisionRecord | undefined): readonly DecisionRecord[];
  /** A decision that is still kept. */
  find(id: string): RedactedDecision | undefined;
  /** How many decisions are kept now. */
  readonly size: number;
}

export interface DecisionLogOptions {
  /** Decisions kept of each kind; default 1,024. */
  readonly kept?: number;
  /** Bytes of requests kept of each kind; default 8 MiB. */
  readonly keptBytes?: number;
}

/** Creates an empty log. Denies and allows are kept apart, so that allows never push a deny out. `note` is told each. */
export function createDecisionLog(
  log: Log,
  note: (record: DecisionRecord, entry: RedactedDecision) => void = () => undefined,
  { kept = 1_024, keptBytes = 8 * 1024 * 1024 }: DecisionLogOptions = {},
): DecisionLog {
  // Records hold no secrets, and looking through each for some would cost more than writing it.
  const lines = log.child({}, { level: 'info', redact: [] });
  const shelves = { deny: createShelf(kept, keptBytes), allow: createShelf(kept, keptBytes) };
  return {
    add(some) {
      for (const entry of some) {
        const record = decisionRecord(entry);
        note(record, entry);
        if (log.isLevelEnabled('info')) lines.info(record, 'decision');
        shelves[entry.decision.effect].add(entry);
      }
    },
    recent(most, show = decisionRecord) {
      const newestFirst = [...shelves.deny.entries.values(), ...shelves.allow.entries.values()].sort(
        (a, b) => b.decidedAt - a.decidedAt,
      );
      const records: DecisionRecord[] = [];
      for (const entry of newestFirst) {
        if (records.length === most) break;
        const record = show(entry);
        if (record !== undefined) records.push(record);
      }
      return records;
    },
    find: (id) => shelves.deny.entries.get(id) ?? shelves.allow.entries.get(id),
    get size() {
      return shelves.deny.entries.size + shelves.allow.entries.size;
    },
  };
}

/** A map keeps the order of insertion: the first is the oldest. */
function createShelf(most: number, mostBytes: number) {
  const entries = new Map<string, RedactedDecision>();
  let bytes = 0;
  const sizeOf = ({ request }: RedactedDecision): number => request?.length ?? 0;
  return {
    entries,
    add(entry: RedactedDecision): void {
      entries.set(entry.id, entry);
      bytes += sizeOf(entry);
      for (const [id, oldest] of entries) {
        if (entries.size <= most && bytes <= mostBytes) break;
        entries.delete(id);
        bytes -= sizeOf(oldest);
      }
    },
  };
}
