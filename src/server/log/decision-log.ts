/**
 * Decisions of all deciders: logged, and the latest kept for `/v1/decisions`.
 * @module
 */
import type { RingEntry } from '../../authz/ring.ts';
import type { Log } from '../../platform/observe/log.ts';
import { type DecisionRecord, decisionRecord } from './decision-record.ts';

export interface DecisionLog {
  add(entries: readonly RingEntry[]): void;
  /** Newest first. */
  recent(most: number): readonly DecisionRecord[];
  /** A decision that is still kept, with the request as it came. */
  find(id: string): RingEntry | undefined;
}

/** Creates an empty log that keeps `kept` decisions. `note` is told each. */
export function createDecisionLog(
  log: Log,
  note: (record: DecisionRecord) => void = () => undefined,
  kept = 2_048,
): DecisionLog {
  const entries: RingEntry[] = [];
  return {
    add(some) {
      for (const entry of some) {
        const record = decisionRecord(entry);
        note(record);
        log.info(record, 'decision');
      }
      entries.push(...some);
      if (entries.length > kept) entries.splice(0, entries.length - kept);
    },
    recent: (most) => entries.slice(-most).reverse().map(decisionRecord),
    find: (id) => entries.findLast((entry) => entry.id === id),
  };
}
