/**
 * The latest decisions of one decider elsewhere, as it has sent them: kept as bytes, and read when somebody asks.
 * @module
 */
import type { Decision } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';

/** A decision as it was sent. */
export interface ReportedDecision {
  readonly id: string;
  /** JSON, as the decider wrote it. */
  readonly record: Uint8Array;
  /** When it came: microseconds of `performance.now`, which rise. */
  readonly heardAt: number;
}

/** The latest of them; denies and allows have room of their own. */
export interface ReportedDecisions {
  /** Keeps one, unless it is too large or its id is none. */
  add(decision: Decision): void;
  has(id: string): boolean;
  /** The latest last, denies first. */
  all(): readonly ReportedDecision[];
}

const DECISION_ID = /^[0-9A-Za-z_-]{22}$/;
const MOST_RECORD_BYTES = 16 * 1024;

/** Creates an empty shelf: 1,024 denies of 512 KiB, 256 allows of 128 KiB. */
export function createReportedDecisions(): ReportedDecisions {
  const denies = createShelf(1_024, 512 * 1024);
  const allows = createShelf(256, 128 * 1024);
  return {
    add({ id, denied, record }) {
      if (record.length > MOST_RECORD_BYTES || !DECISION_ID.test(id)) return;
      const own = Uint8Array.from(record); // not a view of the whole message
      (denied ? denies : allows).add({ id, record: own, heardAt: Math.floor(performance.now() * 1000) });
    },
    has: (id) => denies.records.has(id) || allows.records.has(id),
    all: () => [...denies.records, ...allows.records].map(([, decision]) => decision),
  };
}

/** A map keeps the order of insertion: the first is the oldest. */
function createShelf(most: number, mostBytes: number) {
  const records = new Map<string, ReportedDecision>();
  let bytes = 0;
  const remove = (id: string): void => {
    bytes -= records.get(id)?.record.length ?? 0;
    records.delete(id);
  };
  return {
    records,
    add(decision: ReportedDecision): void {
      remove(decision.id);
      records.set(decision.id, decision);
      bytes += decision.record.length;
      for (const oldest of records.keys()) {
        if (records.size <= most && bytes <= mostBytes) break;
        remove(oldest);
      }
    },
  };
}
