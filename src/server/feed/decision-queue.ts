/**
 * Decisions of this decider on their way to the authority: as many a second as it takes, the rest dropped and counted.
 * @module
 */
import type { DecisionRecord } from '../log/decision-record.ts';

/** A decision as it is sent. */
export interface QueuedDecision {
  readonly id: string;
  readonly denied: boolean;
  /** JSON. */
  readonly record: Uint8Array;
}

/** Those that wait; denies and allows have room of their own. */
export interface DecisionQueue {
  add(record: DecisionRecord): void;
  /** Takes at most so many of each, the oldest first. */
  take(mostDenies: number, mostAllows: number): readonly QueuedDecision[];
  /** Decisions that found no room since the start. */
  readonly dropped: number;
}

/** A second's worth of what one decider may ever send. */
const MOST_DENIES = 500;
const MOST_ALLOWS = 100;
/** Longer ones are seldom, and the authority would not take the longest. */
const MOST_RECORD_BYTES = 8 * 1024;

/** Creates an empty queue. A full one loses its oldest: what is denied now is what somebody looks for. */
export function createDecisionQueue(): DecisionQueue {
  let denies: DecisionRecord[] = [];
  let allows: DecisionRecord[] = [];
  let dropped = 0;
  const add = (queue: DecisionRecord[], most: number, record: DecisionRecord): void => {
    queue.push(record);
    if (queue.length <= most) return;
    queue.shift();
    dropped += 1;
  };
  const queued = (record: DecisionRecord): readonly QueuedDecision[] => {
    const bytes = Buffer.from(JSON.stringify(record));
    if (bytes.length <= MOST_RECORD_BYTES)
      return [{ id: record.id, denied: record.decision === 'deny', record: bytes }];
    dropped += 1;
    return [];
  };
  return {
    add(record) {
      if (record.decision === 'deny') add(denies, MOST_DENIES, record);
      else add(allows, MOST_ALLOWS, record);
    },
    take(mostDenies, mostAllows) {
      const some = [...denies.slice(0, mostDenies), ...allows.slice(0, mostAllows)];
      denies = denies.slice(mostDenies);
      allows = allows.slice(mostAllows);
      return some.flatMap(queued);
    },
    get dropped() {
      return dropped;
    },
  };
}
