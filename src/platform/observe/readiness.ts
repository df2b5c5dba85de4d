/**
 * Whether we may be asked: every part says so for itself. What is not ready at start is waited for; after that a part that only
 * stands beside the work of this server is degraded while it is away, and the others keep the whole from being ready.
 * @module
 */
import { createWatchable, type Watchable } from '../../lib/watchable.ts';

/** Whether the server as a whole can be asked, and what each part says of itself. */
export interface Readiness {
  readonly ready: boolean;
  /** By part, why it is not ready; empty when all are. */
  readonly waiting: Readonly<Record<string, string>>;
  /** What is in force although something newer is broken, e.g. `policies/a.yaml:7`; and `PART: why` of what is away beside. */
  readonly degraded: readonly string[];
  /** By part, what it has to say of itself, e.g. what policies were read; nothing here is wrong. */
  readonly details: Readonly<Record<string, string>>;
}

/** Something that is not as it should be. */
export interface Trouble {
  /** `PART: why`, or as `Readiness.degraded` says it. */
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly sinceAt: number;
}

/** Whether a part that only stands beside may be away for this reason. */
export type Weight = 'as its part' | 'always needed';

/** Where every part sets its own readiness. */
export interface ReadinessBoard {
  readonly state: Watchable<Readiness>;
  /** `''`: this part is ready; else why it is not. */
  set(part: string, why: string, weight?: Weight): void;
  degrade(part: string, what: readonly string[]): void;
  /** `''`: nothing to say. */
  detail(part: string, what: string): void;
  /** Whether that part is ready, itself; one that nobody has named is. */
  isReady(part: string): boolean;
  /** What waits and what is degraded, and since when: a part that is away since it is, whatever its reason says meanwhile. */
  troubles(): readonly Trouble[];
}

/**
 * Creates a board on which none of `parts` is ready yet.
 *
 * @param beside  parts without which the server goes on with its work, once they have been there
 * @param now  milliseconds since 1970
 */
export function createReadinessBoard(
  parts: readonly string[],
  beside: readonly string[] = [],
  now: () => number = Date.now,
): ReadinessBoard {
  const whys = new Map(parts.map((part) => [part, 'starting']));
  const degraded = new Map<string, readonly string[]>();
  const details = new Map<string, string>();
  const dispensable = new Set(beside);
  const wasReady = new Set<string>();
  const needed = new Set<string>();
  const read = (): Readiness => {
    const away = [...whys].filter(([, why]) => why !== '');
    const isBeside = ([part]: readonly [string, string]): boolean =>
      dispensable.has(part) && wasReady.has(part) && !needed.has(part);
    const waiting = Object.fromEntries(away.filter((each) => !isBeside(each)));
    const missed = away.filter(isBeside).map(([part, why]) => `${part}: ${why}`);
    return {
      ready: Object.keys(waiting).length === 0,
      waiting,
      degraded: [...[...degraded.values()].flat(), ...missed],
      details: Object.fromEntries(details),
    };
  };
  const state = createWatchable(read());
  const begun = createBeginnings(now);
  const troubles = (): Trouble[] =>
    begun.of([
      ...[...whys].flatMap(([part, why]) => (why === '' ? [] : [{ key: part, what: `${part}: ${why}` }])),
      ...[...degraded].flatMap(([part, some]) => some.map((what) => ({ key: `${part}\n${what}`, what }))),
    ]);
  troubles();
  const tell = (): void => {
    troubles();
    const next = read();
    if (JSON.stringify(next) !== JSON.stringify(state.value)) state.replace(next);
  };
  return {
    state,
    set(part, why, weight = 'as its part') {
      whys.set(part, why);
      if (weight === 'always needed') needed.add(part);
      else needed.delete(part);
      if (why === '') wasReady.add(part);
      tell();
    },
    degrade(part, what) {
      degraded.set(part, what);
      tell();
    },
    detail(part, what) {
      if (what === '') details.delete(part);
      else details.set(part, what);
      tell();
    },
    isReady: (part) => (whys.get(part) ?? '') === '',
    troubles,
  };
}

/** Remembers of each key since when it has been among those that were given, without a break. */
function createBeginnings(now: () => number) {
  let begun = new Map<string, number>();
  return {
    of(some: readonly { readonly key: string; readonly what: string }[]): Trouble[] {
      const atMs = now();
      begun = new Map(some.map(({ key }) => [key, begun.get(key) ?? atMs]));
      return some.map(({ key, what }) => ({ what, sinceAt: begun.get(key)! }));
    },
  };
}
