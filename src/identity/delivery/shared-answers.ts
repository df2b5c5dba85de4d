/**
 * Answers that the streams of one consumer share: callers that are told the same get the same bytes.
 * @module
 */

/** What tells one answer from another. */
type Key = readonly unknown[];

/** A serialized answer. */
export interface Answer {
  readonly key: Key;
  readonly bytes: Uint8Array;
}

export interface SharedAnswers {
  /** The answer of that `key`: `last`, which this stream has sent, or one that another stream has, or else a new one. */
  of(kind: 'x509' | 'x509-bundles' | 'jwt-bundles', key: Key, last: Answer | undefined, make: () => Uint8Array): Answer;
}

/** Creates them; only the latest of each kind is kept. */
export function createSharedAnswers(): SharedAnswers {
  const latest = new Map<string, Answer>();
  return {
    of(kind, key, last, make) {
      if (last !== undefined && isSame(last.key, key)) return last;
      const shared = latest.get(kind);
      if (shared !== undefined && isSame(shared.key, key)) return shared;
      const made = { key, bytes: make() };
      latest.set(kind, made);
      return made;
    },
  };
}

function isSame(one: Key, other: Key): boolean {
  return one.length === other.length && one.every((part, at) => part === other[at]);
}
