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

export interface JwksFetcherDeps {
  readonly clock: Clock;
  /** How exactly delays are kept; a second is fine. */
  readonly ticks: Ticks;
  /** Gets one document within `timeoutMs`; rejects with a GatehouseError. */
  get(uri: string, timeoutMs: number, signal: AbortSignal): Promise<string>;
  /** Told of every attempt. */
  readonly report?: (attempt: FetchAttempt) => void;
  /** Between successful fetches; default 20 minutes. */
  readonly refreshMs?: number;
}

export interface FetchAttempt {
  /** `KeySource.id`. */
  readonly id: string;
  /** Undefined: it succeeded. */
  readonly failure: string | undefined;
  /** The set differs from the one before. */
  readonly changed: boolean;
}

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
const wakeIntervalMs = 30_000;
const wakePauseMs = 1000;

interface Entry {
  readonly source: KeySource;
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
  const { clock, refreshMs = 20 * minute } = deps;
  const entries = new Map<string, Entry>();
  const documents = createWatchable<KeySetDocuments>({ generation: 0, documents: new Map() });
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();

  const publish = (): void => {
    const all = [...entries].map(([id, { document }]) => [id, document] as const);
    documents.replace({ generation: documents.value.generation + 1, documents: new Map(all) });
  };

  const settle = (id: string, entry: Entry, jwks: string | undefined, failure: string | undefined): void => {
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
    if (changed || failure !== before.failure) publish();
  };

  const start = (id: string, entry: Entry): void => {
    entry.startedAt = clock.now();
    const { signal } = stopping;
    entry.isRunning = true;
    const attempt: Promise<void> = fetchKeySet(entry.source, (uri) => deps.get(uri, entry.timeoutMs, signal))
      .then(
        (jwks) => settle(id, entry, jwks, undefined),
        (thrown: unknown) => settle(id, entry, undefined, asGatehouseError(thrown).message),
      )
      .finally(() => underWay.delete(attempt));
    underWay.add(attempt);
  };

  const startDue = (): void => {
    if (stopping.signal.aborted) return;
    const now = clock.now();
    for (const [id, entry] of entries) {
      // A clock that was set back must not put off what was due.
      const isDue = now >= entry.dueAt || now < entry.startedAt;
      if (isDue && !entry.isRunning) start(id, entry);
    }
  };

  const unsubscribe = deps.ticks.subscribe(startDue);
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
      await Promise.all(underWay);
    },
  };
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
    timeoutMs,
    document,
    dueAt,
    failures: 0,
    startedAt: isInline ? 0 : now,
    wokenAt: Number.NEGATIVE_INFINITY,
    isRunning: false,
  };
}
