/**
 * Looks after the authority every second or so: signs of life to other replicas, what is due, and whether it can issue.
 * @module
 */
import { setInterval as every } from 'node:timers';
import { asGatehouseError, type GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { clockTrouble } from './issue/sound-life.ts';
import type { IssuingReadiness } from './issuing-readiness.ts';
import type { Replicas } from './replicas.ts';
import type { CurrentState } from './store/current-state.ts';
import type { AuthorityStore } from './store/store.ts';

export interface LookAfterDeps {
  readonly store: Pick<AuthorityStore, 'shared'>;
  readonly current: CurrentState;
  readonly clock: Clock;
  readonly readiness: IssuingReadiness;
  readonly replicas: Pick<Replicas, 'sendHeartbeat'>;
  /** Does what is due, reading the store on the way. */
  doWhatIsDue(): Promise<void>;
  /** Why the keys that sign now are out of reach; empty: they are not. */
  keysTrouble(): string;
  report(error: GatehouseError): void;
}

/** The regular look after an authority. */
export interface LookAfter {
  /** Looks once; calls that overlap are one look. @throws GatehouseError what kept it from doing what is due */
  tick(): Promise<void>;
  /** Looks every so many milliseconds from now on, and reports what goes wrong, once an outage. */
  start(everyMs: number): void;
  /** Ends that; resolves when no look is under way. */
  stop(): Promise<void>;
  /** How long ago the store was last read without an error, in milliseconds. */
  storeAgeMs(): number;
}

/** Creates it, not started. */
export function createLookAfter(deps: LookAfterDeps): LookAfter {
  const { readiness, report } = deps;
  let running: Promise<void> | undefined;
  let storeSeenAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let reported = '';

  const look = async (): Promise<void> => {
    const seenAt = performance.now(); // what is read below is at most as old as this
    const endLook = readiness.look();
    try {
      if (deps.store.shared || readiness.needsProof()) await deps.replicas.sendHeartbeat();
      await deps.doWhatIsDue();
      storeSeenAt = seenAt;
      endLook({ clock: clockTrouble(deps.current.state, deps.clock.now()), keys: deps.keysTrouble() });
    } catch (thrown) {
      deps.current.passTime();
      const error = asGatehouseError(thrown);
      readiness.failed(error);
      throw error;
    }
  };
  const tick = (): Promise<void> => {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };
  const tickAndReport = async (): Promise<void> => {
    try {
      await tick();
      reported = '';
    } catch (thrown) {
      const error = asGatehouseError(thrown);
      if (error.message !== reported) report(error); // an outage is reported once, not every second
      reported = error.message;
    }
  };
  return {
    tick,
    start(everyMs) {
      timer = every(() => void tickAndReport(), everyMs);
    },
    async stop() {
      clearInterval(timer);
      await running?.catch(() => undefined);
    },
    storeAgeMs: () => performance.now() - storeSeenAt,
  };
}
