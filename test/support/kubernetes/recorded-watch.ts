/**
 * What the handlers of a watch heard.
 * @module
 */
import type { KubernetesClient } from '../../../src/platform/kubernetes/client.ts';
import type { KubernetesObject } from '../../../src/platform/kubernetes/watch-event.ts';
import { type WatchState, type WatchTimes, watchObjects } from '../../../src/platform/kubernetes/watch-objects.ts';
import type { WatchedResource } from '../../../src/platform/kubernetes/watched-resource.ts';

/** A watch whose handlers only keep. */
export interface RecordedWatch extends Disposable {
  /** In order: `whole a,b`, `ADDED a`, … */
  readonly heard: string[];
  readonly states: WatchState[];
  /** What is held now, by name. */
  readonly held: Map<string, KubernetesObject>;
}

export const pods: WatchedResource = { group: '', version: 'v1', plural: 'pods' };

/** Waits that a test does not feel. */
export const quick: Partial<WatchTimes> = { firstWaitMs: 5, mostWaitMs: 40 };

/** Follows objects until it is disposed. */
export function recordWatch(
  client: KubernetesClient,
  resource: WatchedResource = pods,
  times: Partial<WatchTimes> = quick,
): RecordedWatch {
  const heard: string[] = [];
  const states: WatchState[] = [];
  const held = new Map<string, KubernetesObject>();
  const ended = new AbortController();
  watchObjects<KubernetesObject>(
    client,
    resource,
    {
      replaced(objects) {
        held.clear();
        for (const each of objects) held.set(each.metadata.name, each);
        heard.push(`whole ${[...held.keys()].sort().join()}`);
      },
      changed({ type, object }) {
        if (type === 'DELETED') held.delete(object.metadata.name);
        else held.set(object.metadata.name, object);
        heard.push(`${type} ${object.metadata.name}`);
      },
      state: (state) => states.push(state),
    },
    ended.signal,
    times,
  );
  return { heard, states, held, [Symbol.dispose]: () => ended.abort() };
}
