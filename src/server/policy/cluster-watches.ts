/**
 * The watches of a cluster: one a kind that it serves, or one a kind and namespace; kinds come and go while they run.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackOff } from '../../platform/kubernetes/back-off.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { type Discovery, discover, type ServedKind } from '../../platform/kubernetes/discovery.ts';
import { type WatchState, type WatchTimes, watchObjects } from '../../platform/kubernetes/watch-objects.ts';
import type { ClusterObjects } from '../../policy/objects/cluster-objects.ts';
import type { HeldObject } from '../../policy/objects/held-object.ts';
import type { ObjectKind } from '../../policy/objects/object-kind.ts';

export interface ClusterWatchDeps {
  readonly client: KubernetesClient;
  readonly objects: ClusterObjects;
  /** Objects that have a namespace are watched in these; empty: in all. */
  readonly namespaces: readonly string[];
  /** Called whenever something of what is said here has changed. */
  readonly changed: () => void;
  readonly times?: Partial<WatchTimes & { readonly discoveryMs: number }>;
}

/** How well the watches go, all together. */
export interface ClusterState {
  /** Everything was told once: what is held is what the cluster had. */
  readonly isSynced: boolean;
  /** What is behind, and why; `code` as in a `WatchState`. */
  readonly behind: readonly { readonly why: string; readonly code: number; readonly sinceMs: number }[];
  /** Kinds that are served in versions that are not known here alone. */
  readonly unknown: readonly string[];
}

interface Running {
  readonly kind: ObjectKind;
  readonly served: ServedKind;
  readonly ended: AbortController;
  /** By namespace; undefined in it for all. */
  readonly states: Map<string | undefined, WatchState>;
}

const DISCOVERY_MS = 30_000;

/** Watches until it is disposed. */
export class ClusterWatches implements Disposable {
  readonly #deps: ClusterWatchDeps;
  readonly #ended = new AbortController();
  readonly #running = new Map<string, Running>();
  /** Since when the kinds are not known; undefined: they are. */
  #asking: { readonly why: string; readonly code: number; readonly sinceMs: number } | undefined;
  #unknown: readonly string[] = [];

  constructor(deps: ClusterWatchDeps) {
    this.#deps = deps;
    this.#asking = { why: 'the kinds that it serves are not known yet', code: 0, sinceMs: performance.now() };
    void this.#follow();
  }

  get state(): ClusterState {
    const states = [...this.#running.values()].flatMap(({ states: some }) => [...some.values()]);
    const behind = states.flatMap(({ behindSinceMs, why, code }) =>
      behindSinceMs === undefined ? [] : [{ why, code, sinceMs: behindSinceMs }],
    );
    return {
      isSynced: this.#running.size > 0 && this.#unknown.length === 0 && states.every(({ isSynced }) => isSynced),
      behind: this.#asking === undefined ? behind : [this.#asking, ...behind],
      unknown: this.#unknown,
    };
  }

  /** Asks again and again what is served. */
  async #follow(): Promise<void> {
    const { signal } = this.#ended;
    const everyMs = this.#deps.times?.discoveryMs ?? DISCOVERY_MS;
    const backOff = createBackOff(Math.min(1_000, everyMs), everyMs);
    while (!signal.aborted) {
      let waitMs = everyMs * (0.75 + Math.random() / 2);
      try {
        this.#take(await discover(this.#deps.client, this.#kinds(), signal));
        this.#asking = undefined;
        backOff.reset();
      } catch (thrown) {
        if (signal.aborted) return;
        waitMs = backOff.nextMs();
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        this.#asking = { why, code: 0, sinceMs: this.#asking?.sinceMs ?? performance.now() };
      }
      this.#deps.changed();
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #kinds(): readonly ObjectKind[] {
    return this.#deps.objects.kinds.map(({ kind }) => kind);
  }

  #take({ served, unknown }: Discovery): void {
    for (const kind of this.#kinds()) {
      const running = this.#running.get(kind.id);
      const now = served.get(kind.id);
      if (now === undefined) this.#gone(running);
      else if (running === undefined || !isSame(running.served, now)) this.#start(kind, now, running);
    }
    this.#unknown = [...unknown].map(([id, versions]) => `${versions.join(', ')} ${id.split(' ')[1]}`);
  }

  /** A kind whose server is only away is listed no more either: it is gone when asking for its objects says so too. */
  #gone(running: Running | undefined): void {
    if (running === undefined || ![...running.states.values()].every(({ code }) => code === 404)) return;
    running.ended.abort();
    this.#running.delete(running.kind.id);
    this.#deps.objects.drop(running.kind.id);
  }

  /** What was held by another version stays until the new watch has the whole. */
  #start(kind: ObjectKind, served: ServedKind, before: Running | undefined): void {
    before?.ended.abort();
    const { client, objects, namespaces, changed, times } = this.#deps;
    const ended = new AbortController();
    const running: Running = { kind, served, ended, states: new Map() };
    this.#running.set(kind.id, running);
    const apiVersion = served.group === '' ? served.version : `${served.group}/${served.version}`;
    const scopes = kind.isNamespaced && namespaces.length > 0 ? namespaces : [undefined];
    for (const namespace of scopes) {
      const isSynced = before?.states.get(namespace)?.isSynced ?? false;
      running.states.set(namespace, { isSynced, behindSinceMs: performance.now(), why: NOT_READ, code: 0 });
      const resource = {
        ...served,
        ...(namespace !== undefined && { namespace }),
        ...(kind.isMetadataOnly && { metadataOnly: true }),
      };
      const state = (one: WatchState): void => {
        running.states.set(namespace, one);
        changed();
      };
      const handlers = { ...objects.sink(kind.id, apiVersion, namespace), state };
      watchObjects<HeldObject>(client, resource, handlers, ended.signal, times);
    }
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    for (const { ended } of this.#running.values()) ended.abort();
  }
}

const NOT_READ = 'not read yet';

const isSame = (one: ServedKind, other: ServedKind): boolean =>
  one.group === other.group && one.version === other.version && one.plural === other.plural;
