/**
 * One decider process after another in a place: started, restarted when it dies, ended when it hangs or makes no sense.
 * @module
 */
import type { Ticks } from '../../../lib/ticks.ts';
import { type DeciderProcess, forkDecider } from '../decider-process.ts';
import type { FromDecider } from '../messages.ts';
import { occupy, type Place, vacate } from './place.ts';

/** One that decides nothing is asked only each so many seconds, so that it can sleep meanwhile. */
const QUIET_SECONDS = 5;
/** So many reports missing, and it is taken to hang. */
const MOST_UNANSWERED = 15;
const RESTART_FIRST_MS = 50;
const RESTART_MOST_MS = 5_000;
/** One that has lived this long starts its back-off anew. */
const STEADY_MS = 10_000;

export interface PlaceLifeEvents {
  /** A process stands there now that knows nothing. */
  started(place: Place): void;
  /** What throws here ends the process. */
  heard(place: Place, message: FromDecider, pid: number): void;
  /** Its process has ended; another may follow. */
  left(place: Place): void;
  /** Another process follows so much later. */
  ended(pid: number, how: string, restartInMs: number): void;
  /** Told why a decider is ended: what it said made no sense. */
  broke(pid: number, thrown: unknown): void;
}

/** Keeps a process in every place that was started, until it is stopped. */
export interface PlaceLife {
  start(place: Place, process: DeciderProcess): void;
  /** Starts nothing more. */
  stop(): void;
}

/** Creates the life of all places. */
export function createPlaceLife({ started, heard, left, ended, broke }: PlaceLifeEvents): PlaceLife {
  const restarts = new Set<NodeJS.Timeout>();
  let stopping = false;

  const start: PlaceLife['start'] = (place, process) => {
    occupy(place, process);
    process.attach({
      heard(message) {
        try {
          heard(place, message, process.pid);
        } catch (thrown) {
          broke(process.pid, thrown);
          process.kill();
        }
      },
      ended(how) {
        vacate(place);
        left(place);
        if (stopping) return;
        const inMs = countDeath(place);
        ended(process.pid, how, inMs);
        const timer = setTimeout(() => {
          restarts.delete(timer);
          start(place, forkDecider());
        }, inMs);
        restarts.add(timer);
      },
    });
    started(place);
  };
  return {
    start,
    stop() {
      stopping = true;
      for (const timer of restarts) clearTimeout(timer);
    },
  };
}

/** Returns how many milliseconds later another is started. */
function countDeath(place: Place): number {
  place.deaths = performance.now() - place.startedAt > STEADY_MS ? 1 : place.deaths + 1;
  return Math.min(RESTART_FIRST_MS * 2 ** (place.deaths - 1), RESTART_MOST_MS);
}

/** Asks every process that has loaded for a report each second, a quiet one less often, and ends the one that has answered none for long. */
export function endWhatHangs(places: readonly Place[], seconds: Ticks): Disposable {
  const stop = seconds.subscribe(() => {
    for (const place of places) {
      if (place.process === undefined || !place.process.loaded) continue;
      if (place.isQuiet && place.unanswered === 0 && place.unasked < QUIET_SECONDS - 1) {
        place.unasked += 1;
        continue;
      }
      place.unanswered += place.unasked + 1; // one that hangs is ended as soon as if it had been asked each second
      place.unasked = 0;
      if (place.unanswered > MOST_UNANSWERED) place.process.kill();
      else place.process.send({ kind: 'report' });
    }
  });
  return { [Symbol.dispose]: stop };
}
