/**
 * How policies come in force in a decider: compiled and tested beside what is in force, which only what passes replaces.
 * @module
 */
import { selfTest } from '../../authz/self-test.ts';
import type { KeySets, Revocations } from '../../authz/state.ts';
import { finish, finishInSlices } from '../../lib/work.ts';
import { releaseMemoryWhenQuiet } from '../../platform/memory/release-memory.ts';
import { Compilations } from '../../policy/compile/compilations.ts';
import { snapshotWork } from '../../policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { tokenRulesOf } from '../policy/token-rules.ts';
import type { InForce } from './in-force.ts';
import type { DeciderSettings, FromDecider } from './messages.ts';

/** How long Checks may wait for a slice of a compilation. */
const SLICE_MS = 0.5;

export interface EnforcementDeps {
  readonly inForce: InForce;
  tell(message: FromDecider): void;
  /** Checks answered so far: memory is given back while there are none. */
  checks(): number;
  /** Called when other policies or keys are in force. */
  changed(): void;
}

/** Puts in force what a decider is told; tells `in-force`, `refused` and `revoked`. */
export interface Enforcement extends Disposable {
  configure(settings: DeciderSettings): void;
  takePolicies(model: PolicyModel): void;
  takeKeySets(keySets: KeySets): void;
  takeRevocations(revocations: Revocations): void;
}

/** Creates the enforcement of a decider that has neither settings nor policies. */
export function createEnforcement({ inForce, tell, checks, changed }: EnforcementDeps): Enforcement {
  const announcing = createAnnouncing(inForce, tell);
  let settings: DeciderSettings | undefined;
  let model: PolicyModel | undefined;
  let isRunning = false;
  /** Something else came while something was made ready. */
  let isBehind = false;
  let isWaitingForKeys = false;
  const compilations = new Compilations();
  let releasing: Disposable | undefined;

  /**
   * One after another; of what comes meanwhile the last alone. What is not ready is not dropped for it: where pods come and go without end nothing would ever
   * be ready.
   */
  const enforce = async (): Promise<void> => {
    isBehind = isRunning;
    if (isRunning || model === undefined || settings === undefined) return;
    isRunning = true;
    do {
      isBehind = false;
      await enforceOnce();
    } while (isBehind);
    isRunning = false;
  };
  /** While policies are in force it is done in slices, so that Checks do not wait. */
  const enforceOnce = async (): Promise<void> => {
    if (model === undefined || settings === undefined) return;
    const made = model;
    const { generation } = made;
    const { check: checkOptions, allowEmpty } = settings;
    const sources = tokenRulesOf(made).map(({ keys }) => keys);
    // Keys that stand in the policies come right behind them; others may take as long as their source does.
    isWaitingForKeys = sources.some(({ from, id }) => from === 'inline' && !inForce.hasKeys(id));
    if (isWaitingForKeys) return;
    try {
      const work = snapshotWork(made, { allowEmpty, compilations });
      const snapshot = inForce.hasPolicies
        ? (await finishInSlices(work, SLICE_MS, () => true))! // it is always wanted
        : finish(work);
      selfTest(snapshot, checkOptions);
      inForce.putPolicies(snapshot, made, new Set(sources.map(({ id }) => id)));
      announcing.announce();
      changed();
      releasing?.[Symbol.dispose]();
      releasing = releaseMemoryWhenQuiet(checks);
    } catch (thrown) {
      tell({ kind: 'refused', generation, why: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };
  return {
    configure(given) {
      settings = given;
      void enforce();
    },
    takePolicies(given) {
      model = given;
      void enforce();
    },
    takeKeySets(keySets) {
      if (!inForce.putKeySets(keySets)) return;
      if (isWaitingForKeys) void enforce();
      changed();
    },
    takeRevocations(revocations) {
      inForce.putRevocations(revocations);
      announcing.announceFirst();
      tell({ kind: 'revoked', sequence: revocations.sequence });
    },
    [Symbol.dispose]: () => releasing?.[Symbol.dispose](),
  };
}

/** Tells which policies decide from now on; policies that wait for revocations are told of with these. */
function createAnnouncing({ state }: InForce, tell: EnforcementDeps['tell']) {
  let announced = false;
  const announce = (): void => {
    const { value } = state;
    if (value === undefined) return;
    announced = true;
    tell({ kind: 'in-force', generation: value.snapshot.generation });
  };
  return {
    announce,
    announceFirst() {
      if (!announced) announce();
    },
  };
}
