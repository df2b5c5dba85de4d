/**
 * The pods of this node, by UID, as a watch brings them. Whoever starts may be here before the watch has told of his pod: he is
 * waited for within a bound.
 * @module
 */
import type { PodFacts } from './pod-facts.ts';

/** Those that are known now. */
export interface NodePods {
  get(uid: string): PodFacts | undefined;
  /** The pod as soon as it is known and `suits` it; what is known of it, or undefined, when the bound is over. */
  wait(uid: string, suits?: (pod: PodFacts) => boolean): Promise<PodFacts | undefined>;
}

/** The same, as the watch fills it. */
export interface NodePodsSource extends NodePods {
  /** All of them, after each start over; undefined is an object that is no pod. */
  replaced(objects: readonly (PodFacts | undefined)[]): void;
  changed(event: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: PodFacts | undefined }): void;
}

/** How long a caller waits for its pod to be told: a watch brings it within milliseconds, a busy API server within seconds. */
const USUAL_WAIT_MS = 5_000;
/** More do not wait at a time: whoever comes then is answered by what is known. */
const MOST_WAITING = 1_000;

/**
 * Creates it, empty.
 *
 * @param node  pods that run elsewhere are none of ours, whatever a watch brings
 */
export function createNodePods(node: string, waitMs = USUAL_WAIT_MS): NodePodsSource {
  let pods = new Map<string, PodFacts>();
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  return {
    get: (uid) => pods.get(uid),
    wait(uid, suits = () => true) {
      const known = pods.get(uid);
      if ((known !== undefined && suits(known)) || waiting.size >= MOST_WAITING) return Promise.resolve(known);
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve(pods.get(uid));
        };
        const look = (): void => {
          const pod = pods.get(uid);
          if (pod !== undefined && suits(pod)) end();
        };
        const timer = setTimeout(end, waitMs);
        waiting.add(look);
      });
    },
    replaced(objects) {
      pods = new Map(objects.flatMap((pod) => (pod?.node === node ? [[pod.uid, pod]] : [])));
      tell();
    },
    changed({ type, object: pod }) {
      if (pod === undefined) return;
      if (type === 'DELETED' || pod.node !== node) pods.delete(pod.uid);
      else pods.set(pod.uid, pod);
      tell();
    },
  };
}
