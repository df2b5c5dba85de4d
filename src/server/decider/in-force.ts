/**
 * What a decider decides by: the parts that come one by one, and the one state that they make.
 * @module
 */
import { createDecisionRedactor, type RedactedDecision } from '../../authz/record/redacted-decision.ts';
import type { RingEntry } from '../../authz/record/ring.ts';
import type { DecisionState, KeySets, Revocations } from '../../authz/state.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { Snapshot } from '../../policy/snapshot.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';

/** What is in force in one decider. */
export interface InForce {
  /** Undefined until policies and revocations are there: who does not know what is revoked is not ready. */
  readonly state: Watchable<DecisionState | undefined>;
  /** Policies have been put, if only to wait for revocations. */
  readonly hasPolicies: boolean;
  hasKeys(id: string): boolean;
  /** Takes the secrets out of a decision by the policies in force. */
  redact(entry: RingEntry): RedactedDecision;
  /** @param neededKeys  ids of the key sets that these policies verify with */
  putPolicies(snapshot: Snapshot, model: PolicyModel, neededKeys: ReadonlySet<string>): void;
  /** Takes all sets, unless later ones were quicker: then it returns false. */
  putKeySets(keySets: KeySets): boolean;
  putBundles(bundles: BundleSet): void;
  putRevocations(revocations: Revocations): void;
}

/** The parts that make up a state; it is published when none is missing. */
interface Parts {
  snapshot?: Snapshot;
  keySets: KeySets;
  revocations?: Revocations;
  bundles?: BundleSet;
}

/** Creates the state that is not there yet. */
export function createInForce(): InForce {
  const state = createWatchable<DecisionState | undefined>(undefined);
  const parts: Parts = { keySets: { generation: 0, sets: new Map() } };
  let needed: ReadonlySet<string> = new Set();
  let redact = createDecisionRedactor({ generation: 0, absence: 'upstream', planes: [] });

  const publish = (): void => {
    const { snapshot, keySets, revocations, bundles } = parts;
    if (snapshot === undefined || revocations === undefined) return;
    state.replace({ snapshot, keySets, revocations, bundles });
  };
  return {
    state,
    get hasPolicies() {
      return parts.snapshot !== undefined;
    },
    hasKeys: (id) => parts.keySets.sets.has(id),
    redact: (entry) => redact(entry),
    putPolicies(snapshot, model, neededKeys) {
      parts.snapshot = snapshot;
      redact = createDecisionRedactor(model);
      needed = neededKeys;
      publish();
    },
    putKeySets(keySets) {
      if (keySets.generation < parts.keySets.generation) return false;
      // Sets that the policies in force still need stay, until the policies that need them no more are replaced.
      const kept = [...parts.keySets.sets].filter(([id]) => needed.has(id) && !keySets.sets.has(id));
      parts.keySets = { generation: keySets.generation, sets: new Map([...kept, ...keySets.sets]) };
      publish();
      return true;
    },
    putBundles(bundles) {
      parts.bundles = bundles;
      publish();
    },
    putRevocations(revocations) {
      parts.revocations = revocations;
      publish();
    },
  };
}
