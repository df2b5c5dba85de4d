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
  /** The policies that were put last. */
  readonly model: PolicyModel | undefined;
  hasKeys(id: string): boolean;
  /** Takes the secrets out of a decision by the policies in force. */
  redact(entry: RingEntry): RedactedDecision;
  /** @param neededKeys  ids of the key sets that these policies verify with */
  putPolicies(snapshot: Snapshot, model: PolicyModel, neededKeys: ReadonlySet<string>): void;
  /** Takes all sets, unless later ones were quicker: then it returns false. */
  putKeySets(keySets: KeySets): boolean;
  /**
   * Takes what is asked beside the policies that were put last; with other policies it is no longer ready.
   *
   * @param model  whose secrets are taken out of differences, beside those of the policies in force
   */
  putCandidate(candidate: DecisionState['candidate'], model: PolicyModel | undefined): void;
  /** Takes the secrets out of a decision by the policies in force and by the candidate's. */
  redactDifference(entry: RingEntry): RedactedDecision;
  putBundles(bundles: BundleSet): void;
  putRevocations(revocations: Revocations): void;
}

/** The parts that make up a state; it is published when none is missing. */
interface Parts {
  snapshot?: Snapshot;
  keySets: KeySets;
  revocations?: Revocations;
  bundles?: BundleSet;
  candidate?: DecisionState['candidate'];
}

const noPolicies: PolicyModel = { generation: 0, absence: 'upstream', planes: [] };

/** Creates the state that is not there yet. */
export function createInForce(): InForce {
  const state = createWatchable<DecisionState | undefined>(undefined);
  const parts: Parts = { keySets: { generation: 0, sets: new Map() } };
  let needed: ReadonlySet<string> = new Set();
  let inForce: PolicyModel | undefined;
  let redact = createDecisionRedactor(noPolicies);
  let redactBeside: typeof redact | undefined;

  const publish = (): void => {
    const { snapshot, keySets, revocations, bundles, candidate } = parts;
    if (snapshot === undefined || revocations === undefined) return;
    state.replace({ snapshot, keySets, revocations, bundles, ...(candidate && { candidate }) });
  };
  return {
    state,
    get hasPolicies() {
      return parts.snapshot !== undefined;
    },
    get model() {
      return inForce;
    },
    hasKeys: (id) => parts.keySets.sets.has(id),
    redact: (entry) => redact(entry),
    putPolicies(snapshot, model, neededKeys) {
      parts.snapshot = snapshot;
      inForce = model;
      if (parts.candidate !== undefined) parts.candidate = 'not ready';
      redact = createDecisionRedactor(model);
      needed = neededKeys;
      publish();
    },
    putCandidate(candidate, model) {
      parts.candidate = candidate;
      if (model !== undefined) redactBeside = createDecisionRedactor(model);
      publish();
    },
    redactDifference(entry) {
      const redacted = redact(entry);
      if (redactBeside === undefined || redacted.request === undefined) return redacted;
      return { ...redacted, request: redactBeside({ ...entry, request: redacted.request }).request };
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
