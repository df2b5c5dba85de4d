/**
 * Whether the authority can issue, as the last calls of its store and its own look have shown.
 * @module
 */
import type { GatehouseError } from '../../errors.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { Readiness } from './authority.ts';
import type { StoreWitness } from './store/watched-store.ts';

export interface Standing extends StoreWitness {
  readonly readiness: Watchable<Readiness>;
  /** Whether nothing was made durable for so long, or something failed since, that a look must write to know. */
  needsProof(): boolean;
  /** Begins a look. What it returns ends it: with what is wrong with the clock, or well, if nothing failed meanwhile. */
  look(): (clockTrouble: string) => void;
}

/** Reading does not tell of a full disk: while nothing is issued something small is written. */
const PROOF_EVERY_MS = 2_000;

/** Creates it: not ready, `starting`. */
export function createStanding(): Standing {
  const readiness = createWatchable<Readiness>({ ready: false, reason: 'starting', cause: 'other' });
  let writtenAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const say = (reason: string, cause: Readiness['cause']): void => {
    const { value } = readiness;
    if (value.reason === reason && value.cause === cause) return;
    readiness.replace({ ready: cause === '', reason, cause });
  };
  const failed = (error: GatehouseError): void => {
    failures += 1;
    writtenAt = Number.NEGATIVE_INFINITY;
    say(error.message, error.code === 'store_unavailable' ? 'store' : 'other');
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
      return (clockTrouble) => {
        if (failures === before) say(clockTrouble, clockTrouble === '' ? '' : 'clock');
      };
    },
  };
}
