/**
 * Tells authors of policies in a cluster what was found in them, where they look: by conditions where their kind shares them, by events
 * elsewhere. One at a time and so many a second, as long as this process leads.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { createWakeup } from '../../lib/wakeup.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../platform/kubernetes/kubernetes-error.ts';
import { microTime } from '../../platform/kubernetes/leader/lease.ts';
import type { KindObjects } from '../../policy/objects/kind-objects.ts';
import type { PolicyFile } from '../../policy/read-policies.ts';
import { eventsOf } from './finding-events.ts';
import { conditionOf, hasConditions } from './policy-condition.ts';
import { type Identified, pathOf, type ToldObject, toldObject } from './told-object.ts';

/** Objects of a cluster, as policies are made of them. */
export interface PolicyObjects {
  readonly kinds: readonly KindObjects[];
  /** Returns what unsubscribes. */
  subscribe(listener: () => void): () => void;
}

export interface TellObjectsDeps {
  readonly client: KubernetesClient;
  readonly objects: PolicyObjects;
  /** Why nothing can be told; empty: it can. */
  readonly state: (why: string) => void;
  /** Between two objects; with it the rate is bounded. */
  readonly everyMs?: number;
}

const EVERY_MS = 200;
const AFTER_FAULT_MS = 10_000;

const identified = z.object({ metadata: z.object({ uid: z.string(), generation: z.number().nullish() }) });

/** Tells until `signal` aborts. */
export function tellObjects(deps: TellObjectsDeps, signal: AbortSignal): void {
  void new Telling(deps, signal).run();
}

const hasFindings = ({ findings }: PolicyFile): boolean => findings.some(({ severity }) => severity !== 'hint');

class Telling {
  readonly #deps: TellObjectsDeps;
  readonly #signal: AbortSignal;
  readonly #versions = new Map<KindObjects, number>();
  /** What was told, or need not be: what an object says is read anew when it says something else. */
  readonly #done = new WeakSet<PolicyFile>();
  /** By path, so that of an object only the newest is told. */
  readonly #waiting = new Map<string, { readonly object: ToldObject; readonly file: PolicyFile }>();
  readonly #wakeup = createWakeup();

  constructor(deps: TellObjectsDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const unsubscribe = this.#deps.objects.subscribe(() => this.#look());
    this.#look();
    while (!this.#signal.aborted) {
      const [next] = this.#waiting;
      if (next === undefined) {
        await this.#wakeup.wait(this.#signal);
        continue;
      }
      const [path, told] = next;
      this.#waiting.delete(path);
      await this.#rest(await this.#tell(path, told));
    }
    unsubscribe();
  }

  /** Finds what is new. */
  #look(): void {
    for (const kind of this.#deps.objects.kinds) {
      if (!kind.kind.isPolicy || this.#versions.get(kind) === kind.version) continue;
      this.#versions.set(kind, kind.version);
      for (const held of kind.all()) {
        if (this.#done.has(held.file)) continue;
        this.#done.add(held.file);
        if (!hasConditions(kind.kind) && !hasFindings(held.file)) continue;
        const object = toldObject(kind, held);
        this.#waiting.set(pathOf(object), { object, file: held.file });
      }
    }
    if (this.#waiting.size > 0) this.#wakeup.wake();
  }

  /** Returns how long to rest. */
  async #tell(
    path: string,
    { object, file }: { readonly object: ToldObject; readonly file: PolicyFile },
  ): Promise<number> {
    const { everyMs = EVERY_MS, state } = this.#deps;
    try {
      await this.#write(path, object);
      state('');
      return everyMs;
    } catch (thrown) {
      if (this.#signal.aborted || (thrown instanceof KubernetesError && thrown.code === 404)) return everyMs; // it is gone
      state(
        `what is wrong with policies cannot be told in the cluster: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      );
      if (!this.#waiting.has(path)) this.#waiting.set(path, { object, file });
      return AFTER_FAULT_MS;
    }
  }

  async #write(path: string, object: ToldObject): Promise<void> {
    const { client } = this.#deps;
    const found = await client.request({ path, signal: this.#signal });
    if (!object.isStill(found)) return; // what it says now comes by itself
    const { metadata } = identified.parse(found);
    const one: Identified = { uid: metadata.uid, generation: metadata.generation ?? 0 };
    if (hasConditions(object)) await this.#writeCondition(path, object, one, found);
    else await this.#writeEvents(object, one);
  }

  async #writeCondition(path: string, object: ToldObject, one: Identified, found: unknown): Promise<void> {
    const condition = conditionOf(object, one, found, Date.now());
    if (condition === undefined) return;
    const { apiVersion, kind, name } = object;
    await this.#deps.client.request({
      method: 'PATCH',
      path: `${path}/status`,
      query: { fieldManager: 'gatehouse', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion, kind, metadata: { name, uid: one.uid }, status: { conditions: [condition] } },
      signal: this.#signal,
    });
  }

  async #writeEvents(object: ToldObject, one: Identified): Promise<void> {
    for (const event of eventsOf(object, one, microTime(Date.now()))) {
      const path = `/apis/events.k8s.io/v1/namespaces/${event.metadata.namespace}/events`;
      try {
        await this.#deps.client.request({ method: 'POST', path, body: event, signal: this.#signal });
      } catch (thrown) {
        // It was told: by the leader before us, or by us before we were started.
        if (!(thrown instanceof KubernetesError && thrown.reason === 'AlreadyExists')) throw thrown;
      }
    }
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}
