/**
 * Keeps the key sets of all token rules fresh; runs in the primary, beside the request path.
 *
 * A set that was had once is kept while its source fails. A source that never answered has no keys: its tokens are refused.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ticks } from '../../lib/ticks.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { KeySource, TokenRule } from '../../policy/model.ts';
import type { KeySetDocument, KeySetDocuments } from './documents.ts';
import { fetchKeySet } from './fetch-key-set.ts';

/** What the fetcher needs of its surroundings. */
export interface JwksFetcherDeps {
  readonly clock: Clock;
  /** The resolution of delays; a second is fine. */
  readonly ticks: Ticks;
  /** Gets one document within `timeoutMs`; rejects with a GatehouseError. */
  get(uri: string, timeoutMs: number, signal: AbortSignal): Promise<string>;
  /** Told of every attempt. */
  readonly report?: (attempt: FetchAttempt) => void;
  /** Between successful fetches; default 20 minutes. */
  readonly refreshMs?: number;
  /** Fetches at a time, of all sources and of one host; default 32 and 4. */
  readonly atOnce?: { readonly all: number; readonly host: number };
}

/** The outcome of one fetch. */
export interface FetchAttempt {
  /** `KeySource.id`. */
  readonly id: string;
  /** Undefined: it succeeded. */
  readonly failure: string | undefined;
  /** The set differs from the one before. */
  readonly changed: boolean;
}

/** Fetches and refreshes key sets. */
export interface JwksFetcher extends AsyncDisposable {
  readonly documents: Watchable<KeySetDocuments>;
  /** Replaces what is kept fresh: the sources of these rules. What is new is fetched at once. */
  wanted(rules: readonly Pick<TokenRule, 'keys' | 'fetchTimeoutMs'>[]): void;
  /**
   * A token named a key that a set does not have. Fetches it, unless a token made us do so within the last half minute, it was fetched
   * within the last second, or its source fails.
   */
  wake(id: string, kid: string): void;
}

const minute = 60_000;
const firstRetryMs = minute;
const longestRetryMs = 60 * minute;
/** Upper bound of a fetch, whatever the rule allows: other sources wait for its place. */
const longestFetchMs = 30_000;
const MOST_TOLD_AT_ONCE = 100;
const wakeIntervalMs = 30_000;
const wakePauseMs = 1000;

interface Entry {
  readonly source: KeySource;
  readonly host: string;
  timeoutMs: number;
  document: KeySetDocument;
  dueAt: number;
  failures: number;
  startedAt: number;
  /** When an unknown key was last fetched for. */
  wokenAt: number;
  isRunning: boolean;
}

/** Creates a fetcher that wants nothing yet. Disposing it ends what is under way. */
export function createJwksFetcher(deps: JwksFetcherDeps): JwksFetcher {
  const { clock, refreshMs = 20 * minute, atOnce = { all: 32, host: 4 } } = deps;
  const entries = new Map<string, Entry>();
  const documents = createWatchable<KeySetDocuments>({ generation: 0, documents: new Map() });
  const stopping = new AbortController();
  /** Fetches that run, with their hosts. */
  const underWay = new Map<Promise<void>, string>();

  /** What was learnt waits for the next tick. */
  let isStale = false;
  const publish = (): void => {
    isStale = false;
    const all = [...entries].map(([id, { document }]) => [id, document] as const);
    documents.replace({ generation: documents.value.generation + 1, documents: new Map(all) });
  };

  const recordAttempt = (id: string, entry: Entry, jwks: string | undefined, failure: string | undefined): void => {
    entry.isRunning = false;
    entry.failures = failure === undefined ? 0 : entry.failures + 1;
    const delay =
      failure === undefined ? refreshMs : Math.min(longestRetryMs, firstRetryMs * 2 ** (entry.failures - 1));
    entry.dueAt = clock.now() + delay;
    if (stopping.signal.aborted || entries.get(id) !== entry) return;
    const before = entry.document;
    const changed = jwks !== undefined && jwks !== before.jwks;
    entry.document = { jwks: jwks ?? before.jwks, failure, fetchedAt: changed ? clock.now() : before.fetchedAt };
    deps.report?.({ id, failure, changed });
    if (!changed && failure === before.failure) return;
    // All are told at once: of many sources not after each.
    if (entries.size <= MOST_TOLD_AT_ONCE) publish();
    else isStale = true;
  };

  const start = (id: string, entry: Entry): void => {
    entry.startedAt = clock.now();
    const { signal } = stopping;
    entry.isRunning = true;
    const attempt: Promise<void> = fetchKeySet(entry.source, (uri) =>
      deps.get(uri, Math.min(entry.timeoutMs, longestFetchMs), signal),
    )
      .then(
        (jwks) => recordAttempt(id, entry, jwks, undefined),
        (thrown: unknown) => recordAttempt(id, entry, undefined, asGatehouseError(thrown).message),
      )
      .finally(() => {
        underWay.delete(attempt);
        goOn();
      });
    underWay.set(attempt, entry.host);
  };

  /** What is due and does not run, in its order. */
  let queue: (readonly [id: string, entry: Entry])[] = [];

  /** Starts as many of the queue as may run. */
  const goOn = (): void => {
    if (stopping.signal.aborted) return;
    const busy = countsOf(underWay.values());
    queue = queue.filter(([id, entry]) => {
      if (entry.isRunning || entries.get(id) !== entry) return false;
      const ofHost = busy.get(entry.host) ?? 0;
      if (underWay.size >= atOnce.all || ofHost >= atOnce.host) return true;
      busy.set(entry.host, ofHost + 1);
      start(id, entry);
      return false;
    });
  };

  /** Sources that have failed wait for those that have not, so that a thousand that hang hold up no good one for long. */
  const startDue = (): void => {
    const now = clock.now();
    // A clock that was set back must not put off what was due.
    queue = [...entries]
      .filter(([, { isRunning, dueAt, startedAt }]) => !isRunning && (now >= dueAt || now < startedAt))
      .sort(([, a], [, b]) => a.failures - b.failures || a.dueAt - b.dueAt);
    goOn();
  };

  const unsubscribe = deps.ticks.subscribe(() => {
    if (isStale) publish();
    startDue();
  });
  return {
    documents,
    wanted(rules) {
      const next = new Map(rules.map(({ keys, fetchTimeoutMs }) => [keys.id, { keys, fetchTimeoutMs }]));
      let changed = false;
      for (const id of entries.keys()) if (!next.has(id)) changed = entries.delete(id) || changed;
      for (const [id, { keys, fetchTimeoutMs }] of next) {
        const known = entries.get(id);
        if (known !== undefined) known.timeoutMs = fetchTimeoutMs;
        else {
          entries.set(id, newEntry(keys, fetchTimeoutMs, clock.now()));
          changed = true;
        }
      }
      if (changed) publish();
      startDue();
    },
    wake(id) {
      const entry = entries.get(id);
      if (entry === undefined || entry.source.from === 'inline' || entry.failures > 0) return;
      const now = clock.now();
      if (entry.isRunning || isWithin(wakePauseMs, entry.startedAt, now)) return;
      if (isWithin(wakeIntervalMs, entry.wokenAt, now)) return;
      entry.wokenAt = now;
      entry.dueAt = now;
      startDue();
    },
    async [Symbol.asyncDispose]() {
      unsubscribe();
      stopping.abort();
      await Promise.all(underWay.keys());
    },
  };
}

function countsOf(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** The host that a source is fetched from; empty for files, and for what is no address. */
function hostOf(source: KeySource): string {
  if (source.from === 'inline') return '';
  return URL.parse(source.from === 'uri' ? source.uri : source.issuer)?.host ?? '';
}

/** A clock that was set back ends every pause. */
const isWithin = (pauseMs: number, since: number, now: number): boolean => now >= since && now - since < pauseMs;

/** Inline keys are there at once and for ever; others are due. */
function newEntry(source: KeySource, timeoutMs: number, now: number): Entry {
  const isInline = source.from === 'inline';
  const document: KeySetDocument = isInline
    ? { jwks: source.jwks, failure: undefined, fetchedAt: now }
    : { jwks: undefined, failure: 'not fetched yet', fetchedAt: 0 };
  const dueAt = isInline ? Number.POSITIVE_INFINITY : now;
  return {
    source,
    host: hostOf(source),
    timeoutMs,
    document,
    dueAt,
    failures: 0,
    startedAt: isInline ? 0 : now,
    wokenAt: Number.NEGATIVE_INFINITY,
    isRunning: false,
  };
}
