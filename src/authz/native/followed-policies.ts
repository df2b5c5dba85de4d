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
  /** What policies depend on besides the model, in one text. */
  readonly settings: Watchable<string>;
  /** Tells which workloads' policies may be others by the second model. */
  readonly concernedBy: (before: PolicyModel, now: PolicyModel) => (workload: NativeWorkload) => boolean;
  /** @param before  the last policy of the workload */
  readonly compile: (model: PolicyModel, workload: NativeWorkload, before: NativePolicy | undefined) => NativePolicy;
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
  /** What it was made of. */
  model: PolicyModel;
  settings: string;
}

/** Other work of the process waits this long at most, or for one workload. */
const SLICE_MS = 10;

/** Creates an empty set. */
export function followPolicies(deps: FollowedPoliciesDeps): FollowedPolicies {
  const { model, settings, compile, failed } = deps;
  const followed = new Map<string, Followed>();
  let isRunning = false;
  const make = (workload: NativeWorkload, before?: Made): Made => {
    try {
      const policy = compile(model.value, workload, before?.policy);
      return { policy, configs: policy.version === before?.policy.version ? before.configs : configsOf(policy) };
    } catch (thrown) {
      failed(workload, thrown);
      const policy = askEverything('the policy could not be made');
      return { policy, configs: configsOf(policy) };
    }
  };
  const isConcerned = createConcerned(deps);
  const now = () => ({ model: model.value, settings: settings.value });
  const renew = (each: Followed): void => {
    const isKept = !isConcerned(each);
    Object.assign(each, now());
    if (isKept) return;
    const { policy, configs } = make(each.workload, each);
    each.policy = policy;
    if (configs === each.configs) return;
    each.configs = configs;
    for (const changed of [...each.listeners]) changed();
  };
  const stale = (): Followed[] =>
    [...followed.values()].filter((each) => each.model !== model.value || each.settings !== settings.value);
  /** Goes round until everybody has the newest, which may change meanwhile. */
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    let until = performance.now() + SLICE_MS;
    for (let some = stale(); some.length > 0; some = stale())
      for (const each of some) {
        if (each.listeners.size > 0) renew(each);
        else Object.assign(each, now()); // left meanwhile
        if (performance.now() < until) continue;
        await nextTurn();
        until = performance.now() + SLICE_MS;
      }
    isRunning = false;
  };
  const subscriptions = [model, settings].map((each) => each.subscribe(() => void run()));
  return {
    follow(workload, changed) {
      const key = keyOf(workload);
      let found = followed.get(key);
      if (found === undefined) {
        found = { workload, listeners: new Set(), ...now(), ...make(workload) };
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
    [Symbol.dispose]() {
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

/** Nearly all workloads have the policy of one model, and models are compared once. */
function createConcerned({ model, settings, concernedBy }: FollowedPoliciesDeps): (each: Followed) => boolean {
  let known = { now: model.value, byBefore: new Map<PolicyModel, (workload: NativeWorkload) => boolean>() };
  return (each) => {
    if (each.settings !== settings.value) return true;
    if (known.now !== model.value) known = { now: model.value, byBefore: new Map() };
    let concerns = known.byBefore.get(each.model);
    if (concerns === undefined) {
      concerns = concernedBy(each.model, known.now);
      known.byBefore.set(each.model, concerns);
    }
    return concerns(each.workload);
  };
}
