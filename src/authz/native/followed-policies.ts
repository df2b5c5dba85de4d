/**
 * The policies of the workloads whose Envoys are here: compiled once a workload, and anew when policies change.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Watchable } from '../../lib/watchable.ts';
import { askEverything, type NativePolicy } from '../../policy/compile-envoy/native-policy.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { configsOf, type NativeConfig } from './native-config.ts';
import { type FollowedPolicy, keyOf, type NativeWorkload } from './native-deps.ts';

export interface FollowedPoliciesDeps {
  readonly model: Watchable<PolicyModel>;
  readonly compile: (model: PolicyModel, workload: NativeWorkload) => NativePolicy;
  /** A policy could not be made: the workload's Envoys ask about everything. */
  readonly failed: (workload: NativeWorkload, thrown: unknown) => void;
}

export interface FollowedPolicies extends Disposable {
  follow(workload: NativeWorkload, changed: () => void): FollowedPolicy;
  /** Of every workload that is followed now. */
  all(): readonly { readonly workload: NativeWorkload; readonly policy: NativePolicy }[];
}

interface Made {
  policy: NativePolicy;
  configs: ReadonlyMap<string, NativeConfig>;
}

interface Followed extends Made {
  readonly workload: NativeWorkload;
  readonly listeners: Set<() => void>;
  model: PolicyModel;
}

/** Other work of the process waits this long at most, or for one workload. */
const SLICE_MS = 10;

/** Creates an empty set. */
export function followPolicies({ model, compile, failed }: FollowedPoliciesDeps): FollowedPolicies {
  const followed = new Map<string, Followed>();
  let isRunning = false;
  const make = (workload: NativeWorkload, before?: Made): Made => {
    try {
      const policy = compile(model.value, workload);
      return { policy, configs: policy.version === before?.policy.version ? before.configs : configsOf(policy) };
    } catch (thrown) {
      failed(workload, thrown);
      const policy = askEverything('the policy could not be made');
      return { policy, configs: configsOf(policy) };
    }
  };
  const renew = (each: Followed): void => {
    each.model = model.value;
    const { policy, configs } = make(each.workload, each);
    each.policy = policy;
    if (configs === each.configs) return;
    each.configs = configs;
    for (const changed of [...each.listeners]) changed();
  };
  const stale = (): Followed[] => [...followed.values()].filter((each) => each.model !== model.value);
  /** Goes round until everybody has the newest, which may change meanwhile. */
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    let until = performance.now() + SLICE_MS;
    for (let some = stale(); some.length > 0; some = stale())
      for (const each of some) {
        if (each.listeners.size > 0) renew(each);
        else each.model = model.value; // left meanwhile
        if (performance.now() < until) continue;
        await nextTurn();
        until = performance.now() + SLICE_MS;
      }
    isRunning = false;
  };
  const unsubscribe = model.subscribe(() => void run());
  return {
    follow(workload, changed) {
      const key = keyOf(workload);
      let found = followed.get(key);
      if (found === undefined) {
        found = { workload, listeners: new Set(), model: model.value, ...make(workload) };
        followed.set(key, found);
      }
      const it = found;
      const { listeners } = it;
      const listener = (): void => changed();
      listeners.add(listener);
      return {
        get configs() {
          return it.configs;
        },
        [Symbol.dispose]() {
          listeners.delete(listener);
          if (listeners.size === 0 && followed.get(key) === it) followed.delete(key);
        },
      };
    },
    all: () => [...followed.values()].map(({ workload, policy }) => ({ workload, policy })),
    [Symbol.dispose]: unsubscribe,
  };
}
