/**
 * Tracks whether the authority can issue, from the last calls of its store and from its own regular look.
 * @module
 */
import type { GatehouseError } from '../../errors.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { StoreWitness } from './store/watched-store.ts';

/** Whether the authority can sign, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** For people; empty while it is ready. */
  readonly reason: string;
  readonly cause: '' | 'store' | 'clock' | 'other';
}

/** Tracks whether the authority can issue. */
export interface IssuingReadiness extends StoreWitness {
  readonly readiness: Watchable<Readiness>;
  /** Whether a look must write something to learn whether the store can: nothing was made durable lately, or a call failed. */
  needsProof(): boolean;
  /** Begins a look. The function that it returns ends it: ready if nothing failed meanwhile and `clockProblem` is empty. */
  look(): (clockProblem: string) => void;
}

/** Reading does not reveal a full disk: while nothing is issued something small is written. */
const PROOF_EVERY_MS = 2_000;

/** Creates the tracker: not ready, `starting`. */
export function createIssuingReadiness(): IssuingReadiness {
  const readiness = createWatchable<Readiness>({ ready: false, reason: 'starting', cause: 'other' });
  let writtenAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const publish = (reason: string, cause: Readiness['cause']): void => {
    const { value } = readiness;
    if (value.reason === reason && value.cause === cause) return;
    readiness.replace({ ready: cause === '', reason, cause });
  };
  const failed = (error: GatehouseError): void => {
    failures += 1;
    writtenAt = Number.NEGATIVE_INFINITY;
    publish(error.message, error.code === 'store_unavailable' ? 'store' : 'other');
  };
  return {
    readiness,
    failed,
    written() {
      writtenAt = performance.now();
    },
    needsProof: () => performance.now() - writtenAt >= PROOF_EVERY_MS,
    look() {
      const before = failures;
      return (clockProblem) => {
        if (failures === before) publish(clockProblem, clockProblem === '' ? '' : 'clock');
      };
    },
  };
}
