/**
 * Tracks whether the authority can issue, from the last calls of its store and from its own regular look.
 * @module
 */
import type { ErrorCode, GatehouseError } from '../../errors.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { StoreWitness } from './store/watched-store.ts';

/** Whether the authority can sign, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** For people; empty while it is ready. */
  readonly reason: string;
  readonly cause: Cause;
}

/** keys: what signs is out of reach. */
type Cause = '' | 'store' | 'clock' | 'keys' | 'other';

/** Why nothing can be signed although the store answers; empty: something can. */
export interface Hindrances {
  readonly clock: string;
  readonly keys: string;
}

/** Tracks whether the authority can issue. */
export interface IssuingReadiness extends StoreWitness {
  readonly readiness: Watchable<Readiness>;
  /** Whether a look must write something to learn whether the store can: nothing was made durable lately, or a call failed. */
  needsProof(): boolean;
  /** Begins a look. The function that it returns ends it: ready if nothing failed meanwhile and nothing is in the way. */
  look(): (hindrances: Hindrances) => void;
}

/** Reading does not reveal a full disk: while nothing is issued something small is written. */
const PROOF_EVERY_MS = 2_000;

const causes: ReadonlyMap<ErrorCode, Cause> = new Map([
  ['store_unavailable', 'store'],
  ['keys_unavailable', 'keys'],
]);

/** Creates the tracker: not ready, `starting`. */
export function createIssuingReadiness(): IssuingReadiness {
  const readiness = createWatchable<Readiness>({ ready: false, reason: 'starting', cause: 'other' });
  let writtenAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const publish = (reason: string, cause: Cause): void => {
    const { value } = readiness;
    if (value.reason === reason && value.cause === cause) return;
    readiness.replace({ ready: cause === '', reason, cause });
  };
  const failed = (error: GatehouseError): void => {
    failures += 1;
    writtenAt = Number.NEGATIVE_INFINITY;
    publish(error.message, causes.get(error.code) ?? 'other');
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
      return ({ clock, keys }) => {
        if (failures === before) publish(clock || keys, clock ? 'clock' : keys && 'keys');
      };
    },
  };
}
