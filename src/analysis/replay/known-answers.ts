/**
 * Answers to requests that are alike, so that a long log of few kinds of requests is decided as fast as it is read.
 * @module
 */
import type { LoggedDecision } from './logged-decision.ts';

/** Answers by all that decides. */
export interface KnownAnswers<A> {
  /** Names what decides of a logged request, whatever port it came from; undefined where each is its own. */
  keyOf(logged: LoggedDecision): string | undefined;
  get(key: string): A | undefined;
  /** Only where the port that the request came from was not asked for. */
  put(key: string, answer: A): void;
}

const MOST = 65_536;
/** Of longer keys there are hardly two alike. */
const LONGEST = 4_096;

/** Holds so many; then it begins anew. */
export function createKnownAnswers<A>(most = MOST): KnownAnswers<A> {
  const known = new Map<string, A>();
  return {
    keyOf(logged) {
      const { source, request } = logged;
      const asked = { ...logged, id: 0, at: 0, source: undefined, request: request && { ...request, requestId: 0 } };
      const key = JSON.stringify([asked, source?.principal, source?.address, source?.port === undefined]);
      // Hashes are made with the id of their decision: the same ones say something else in another.
      return key.length > LONGEST || key.includes('"sha256":[') ? undefined : key;
    },
    get: (key) => known.get(key),
    put(key, answer) {
      if (known.size >= most) known.clear();
      known.set(key, answer);
    },
  };
}
