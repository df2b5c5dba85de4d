/**
 * Which pod a process of this node runs in, as selectors.
 * @module
 */
import { readFile } from 'node:fs/promises';
import type { Selector } from '../../../spiffe/selector.ts';
import { podOfCgroups } from './cgroup-pod.ts';
import type { NodePods } from './node-pods.ts';
import type { PodFacts } from './pod-facts.ts';
import { containerSelector, selectorsOfPod, type WantedOfPods } from './pod-selectors.ts';

/** What was established of a process. */
export type PodOfCaller =
  | {
      readonly ok: true;
      /** Empty: it runs in no pod. */
      readonly selectors: readonly Selector[];
      /** `gone`: its pod is not on this node any more. `changed`: other selectors would be given now. */
      state(): 'current' | 'changed' | 'gone';
    }
  | { readonly ok: false; readonly why: string };

/** Establishes the pod of a process. */
export interface PodAttestor {
  /** @param pid  that of a process which the caller of this holds a handle on: only it knows whether it still lived afterwards */
  podOf(pid: number): Promise<PodOfCaller>;
}

export interface PodAttestorDeps {
  readonly pods: NodePods;
  /** Read at every call: entries may change. */
  readonly wanted: () => WantedOfPods;
  /** Text of `/proc/PID/cgroup`; `self` is ourselves. @throws when there is no such process */
  readonly cgroupsOf?: (pid: number | 'self') => Promise<string>;
}

const fromProc = (pid: number | 'self'): Promise<string> => readFile(`/proc/${pid}/cgroup`, 'utf8');

/** Creates it. */
export function createPodAttestor({ pods, wanted, cgroupsOf = fromProc }: PodAttestorDeps): PodAttestor {
  return {
    async podOf(pid) {
      const [text, own] = await Promise.all([cgroupsOf(pid).catch(() => undefined), cgroupsOf('self')]);
      if (text === undefined) return { ok: false, why: 'its control groups cannot be read' };
      const verdict = podOfCgroups(text, own);
      if (verdict.in === 'doubt') return { ok: false, why: verdict.why };
      if (verdict.in === 'no-pod') return { ok: true, selectors: [], state: () => 'current' };
      const { podUid, containerId } = verdict.of;
      // Which container it is stands in the pod's status, which comes later than the pod.
      const suits = (pod: PodFacts): boolean => !wanted().containers || pod.containers.has(containerId);
      const pod = await pods.wait(podUid, suits);
      if (pod === undefined)
        return { ok: false, why: `the API server does not name its pod ${podUid} among those of this node` };
      const selectorsNow = (of: PodFacts): Selector[] => {
        const container = wanted().containers ? of.containers.get(containerId) : undefined;
        return [...selectorsOfPod(of, wanted()), ...(container === undefined ? [] : [containerSelector(container)])];
      };
      const selectors = selectorsNow(pod);
      const given = selectors.join();
      return {
        ok: true,
        selectors,
        state() {
          const now = pods.get(podUid);
          if (now === undefined) return 'gone';
          return now === pod || selectorsNow(now).join() === given ? 'current' : 'changed';
        },
      };
    },
  };
}
