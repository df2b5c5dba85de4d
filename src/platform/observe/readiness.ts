/**
 * Whether we may be asked: every part says so for itself, and the whole is ready when all are.
 * @module
 */
import { createWatchable, type Watchable } from '../../lib/watchable.ts';

export interface Readiness {
  readonly ready: boolean;
  /** By part, why it is not ready; empty when all are. */
  readonly waiting: Readonly<Record<string, string>>;
  /** What is in force although something newer is broken, e.g. `policies/a.yaml:7`. */
  readonly degraded: readonly string[];
  /** By part, what it has to say of itself, e.g. what policies were read; nothing here is wrong. */
  readonly details: Readonly<Record<string, string>>;
}

export interface ReadinessBoard {
  readonly state: Watchable<Readiness>;
  /** `''`: this part is ready; else why it is not. */
  set(part: string, why: string): void;
  degrade(part: string, what: readonly string[]): void;
  detail(part: string, what: string): void;
}

/** Creates a board on which none of `parts` is ready yet. */
export function createReadinessBoard(parts: readonly string[]): ReadinessBoard {
  const whys = new Map(parts.map((part) => [part, 'starting']));
  const degraded = new Map<string, readonly string[]>();
  const details = new Map<string, string>();
  const read = (): Readiness => {
    const waiting = Object.fromEntries([...whys].filter(([, why]) => why !== ''));
    return {
      ready: Object.keys(waiting).length === 0,
      waiting,
      degraded: [...degraded.values()].flat(),
      details: Object.fromEntries(details),
    };
  };
  const state = createWatchable(read());
  const tell = (): void => {
    const now = read();
    if (JSON.stringify(now) !== JSON.stringify(state.value)) state.replace(now);
  };
  return {
    state,
    set(part, why) {
      whys.set(part, why);
      tell();
    },
    degrade(part, what) {
      degraded.set(part, what);
      tell();
    },
    detail(part, what) {
      details.set(part, what);
      tell();
    },
  };
}
