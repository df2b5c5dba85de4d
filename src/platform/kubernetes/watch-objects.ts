/**
 * Follows all objects of one kind, for as long as it is wanted, whatever the API server does meanwhile.
 *
 * WatchList where the server has it: one stream, one object a line, a bookmark where the whole is there. Else pages. What was held stays until the new whole is
 * there, and is then swapped in one step.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackOff } from './back-off.ts';
import type { KubernetesClient } from './client.ts';
import { KubernetesError, SILENT } from './kubernetes-error.ts';
import { listPages } from './list-pages.ts';
import { type KubernetesObject, objectKey, readWatchEvent } from './watch-event.ts';
import { listRequest, resourceName, resourcePath, type WatchedResource, watchRequest } from './watched-resource.ts';

/** Hears what becomes of the objects. What it throws is taken as a loss: the whole is read again. */
export interface WatchHandlers<T> {
  /** Takes of an object what is kept, as it arrives: what need not be held until the whole is there. Undefined: all. */
  keep?(object: KubernetesObject): T;
  /** The whole, after each start over (swap it in one step). */
  replaced(objects: readonly T[]): void;
  changed(event: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }): void;
  /** Every change of how well it goes. */
  state(state: WatchState): void;
}

/** How well a watch goes. */
export interface WatchState {
  /** The whole has been told once: what is held is what the server had at some time. */
  readonly isSynced: boolean;
  /** Since when nothing is heard, on the clock of `performance.now()`, which does not jump; undefined: it is followed. */
  readonly behindSinceMs: number | undefined;
  /** Why it is behind; empty while it is followed. */
  readonly why: string;
  /** The HTTP status behind `why`; 0: no answer. */
  readonly code: number;
}

/** A bookmark came before the one that closes a start: the server does not know of such. */
const NO_MARK = 'NoWatchList';

/** How a watch waits. */
export interface WatchTimes {
  readonly firstWaitMs: number;
  readonly mostWaitMs: number;
  /** The server is asked to end each stream after this, and up to twice as long: permissions are looked at anew. */
  readonly streamSeconds: number;
}

const usualTimes: WatchTimes = { firstWaitMs: 1_000, mostWaitMs: 30_000, streamSeconds: 300 };

/**
 * Follows the objects until `signal` aborts; never ends of itself, and throws nothing.
 *
 * No handler is called once the signal has aborted.
 */
export function watchObjects<T = KubernetesObject>(
  client: KubernetesClient,
  resource: WatchedResource,
  handlers: WatchHandlers<T>,
  signal: AbortSignal,
  times: Partial<WatchTimes> = {},
): void {
  void new Watch(client, resource, handlers, signal, { ...usualTimes, ...times }).run();
}

class Watch<T> {
  readonly #client: KubernetesClient;
  readonly #resource: WatchedResource;
  readonly #handlers: WatchHandlers<T>;
  readonly #signal: AbortSignal;
  readonly #times: WatchTimes;
  /** The last version that was heard of; empty: the whole is wanted. */
  #version = '';
  /** The whole is listed in pages, since a watch did not bring it. */
  #hasPages = false;
  /** The whole is asked for, and not there yet. */
  #isStarting = false;
  #state: WatchState;

  constructor(
    client: KubernetesClient,
    resource: WatchedResource,
    handlers: WatchHandlers<T>,
    signal: AbortSignal,
    times: WatchTimes,
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#handlers = handlers;
    this.#signal = signal;
    this.#times = times;
    this.#state = { isSynced: false, behindSinceMs: performance.now(), why: 'not read yet', code: 0 };
  }

  async run(): Promise<void> {
    const backOff = createBackOff(this.#times.firstWaitMs, this.#times.mostWaitMs);
    let hasFailed = false;
    while (!this.#signal.aborted) {
      const beganAt = performance.now();
      let leastMs: number | undefined;
      try {
        if (hasFailed && this.#version !== '') await this.#probe();
        await this.#follow();
        hasFailed = false;
      } catch (thrown) {
        if (this.#signal.aborted) return;
        hasFailed = true;
        leastMs = this.#failed(thrown);
      }
      const livedMs = performance.now() - beganAt;
      if (livedMs > this.#times.mostWaitMs) backOff.reset();
      // A stream that ended as it should is taken up at once, unless it ended at once.
      if (hasFailed || livedMs < this.#times.firstWaitMs) await this.#wait(backOff.nextMs(leastMs));
    }
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }

  /** Takes a failure in. Returns how long the server wants us to wait. */
  #failed(thrown: unknown): number | undefined {
    const error = thrown instanceof KubernetesError ? thrown : undefined;
    const isHandlers = error === undefined;
    if (isHandlers || error.isExpired || error.isOfTheFuture || error.reason === 'NotAnEvent') this.#version = '';
    if (error !== undefined && this.#isStarting && this.#saysOfTheForm(error)) this.#hasPages = !this.#hasPages;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    this.#tell({
      ...this.#state,
      behindSinceMs: this.#state.behindSinceMs ?? performance.now(),
      why: `${resourceName(this.#resource)}: ${why}`,
      code: error?.code ?? 0,
    });
    return error?.retryAfterMs;
  }

  /** Whether another form of asking for the whole may do better; refusals that any form would meet say nothing of that. */
  #saysOfTheForm({ code, reason }: KubernetesError): boolean {
    return code === 0 ? reason === SILENT || reason === NO_MARK : ![401, 403, 404, 410, 429, 503].includes(code);
  }

  #tell(state: WatchState): void {
    const { isSynced, behindSinceMs, why } = this.#state;
    if (state.isSynced === isSynced && state.behindSinceMs === behindSinceMs && state.why === why) return;
    this.#state = state;
    this.#handlers.state(state);
  }

  #tellWell(): void {
    this.#tell({ isSynced: true, behindSinceMs: undefined, why: '', code: 0 });
  }

  /** A watch from a version of the future is open and silent; a list says so. It costs one object. */
  async #probe(): Promise<void> {
    const query = { limit: '1', resourceVersion: this.#version, resourceVersionMatch: 'NotOlderThan' };
    await this.#client.request(listRequest(this.#resource, query, this.#signal));
  }

  async #follow(): Promise<void> {
    this.#isStarting = this.#version === '';
    if (this.#isStarting && this.#hasPages) await this.#takePages();
    const isStart = this.#version === '';
    this.#isStarting = isStart;
    const start = isStart ? new Map<string, T>() : undefined;
    const { streamSeconds } = this.#times;
    const query = {
      timeoutSeconds: String(Math.round(streamSeconds * (1 + Math.random()))),
      ...(isStart
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: this.#version }),
    };
    const what = `watch of ${resourcePath(this.#resource)}`;
    let whole = start;
    const request = watchRequest(this.#resource, query, this.#signal);
    const opened = (): void => (isStart ? undefined : this.#tellWell());
    for await (const line of this.#client.stream({ ...request, opened })) {
      if (this.#signal.aborted) return;
      whole = this.#take(readWatchEvent(what, line), whole);
    }
    if (whole !== undefined) throw new KubernetesError(`${what}: it ended before the whole was there`, { code: 0 });
  }

  /** Takes one event. @param whole  what the start has brought so far; undefined: it is over. Returns the same afterwards. */
  #take(event: ReturnType<typeof readWatchEvent>, whole: Map<string, T> | undefined): Map<string, T> | undefined {
    if (event.type === 'BOOKMARK') {
      if (whole !== undefined && !event.endsStart)
        throw new KubernetesError('the server does not know sendInitialEvents', { code: 0, reason: NO_MARK });
      if (whole !== undefined) this.#handlers.replaced([...whole.values()]);
      this.#isStarting = false;
      this.#version = event.version;
      this.#tellWell();
      return undefined;
    }
    const { type, object, version } = event;
    const kept = this.#keep(object);
    if (whole !== undefined) {
      if (type === 'DELETED') whole.delete(objectKey(object));
      else whole.set(objectKey(object), kept);
      return whole;
    }
    this.#handlers.changed({ type, object: kept });
    this.#version = version;
    this.#tellWell();
    return undefined;
  }

  #keep(object: KubernetesObject): T {
    return this.#handlers.keep === undefined ? (object as T) : this.#handlers.keep(object); // T is the object itself then
  }

  async #takePages(): Promise<void> {
    const objects: T[] = [];
    const version = await listPages(this.#client, this.#resource, this.#signal, (object) => {
      objects.push(this.#keep(object));
    });
    if (this.#signal.aborted) return;
    this.#handlers.replaced(objects);
    this.#version = version;
    this.#tellWell();
  }
}
