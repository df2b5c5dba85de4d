/**
 * The candidate set of a decider: made ready beside what is in force, which it never touches and never waits for.
 * @module
 */
import { getHeapStatistics } from 'node:v8';
import { selfTest } from '../../../authz/self-test.ts';
import { GatehouseError } from '../../../errors.ts';
import { finishInSlices } from '../../../lib/work.ts';
import { type CandidateModel, modelBeside } from '../../../policy/candidate/candidate-model.ts';
import { Compilations } from '../../../policy/compile/compilations.ts';
import { snapshotWork } from '../../../policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import type { Snapshot } from '../../../policy/snapshot.ts';
import { tokenRulesOf } from '../../policy/token-rules.ts';
import type { InForce } from '../in-force.ts';
import type { DeciderSettings, FromDecider } from '../messages.ts';

/** How long Checks may wait for a slice of the work. */
const SLICE_MS = 0.5;
/** What making a candidate ready may take of the processor. */
const MOST_SLICES = 60_000;
/** Of the heap that there may be: above it this process would be near its end. */
const MOST_HEAP = 0.7;

/** Makes the candidate ready; tells `candidate` when it is, or why it cannot be. */
export interface Beside {
  configure(settings: DeciderSettings): void;
  takeCandidate(candidate: CandidateModel | undefined): void;
  /** Other policies are in force, or keys have come. */
  look(): void;
}

/** Creates it, with no candidate. */
export function createBeside(inForce: InForce, tell: (message: FromDecider) => void): Beside {
  let settings: DeciderSettings | undefined;
  let candidate: CandidateModel | undefined;
  let compilations = new Compilations();
  /** What was made ready last. */
  let ready:
    | { readonly candidate: CandidateModel; readonly base: PolicyModel; readonly settings: DeciderSettings }
    | undefined;
  let refused: CandidateModel | undefined;
  let isRunning = false;

  /** What there is to make ready; undefined: nothing. */
  const wanted = (): typeof ready => {
    const base = inForce.model;
    if (candidate === undefined || settings === undefined || base === undefined || candidate === refused)
      return undefined;
    const isReady = ready?.candidate === candidate && ready.base === base && ready.settings === settings;
    return isReady || lacksKeys(modelBeside(candidate, base), inForce) ? undefined : { candidate, base, settings };
  };
  const make = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    for (let next = wanted(); next !== undefined; next = wanted()) await makeReady(next);
    isRunning = false;
  };
  /** What is made ready while others come in force is not dropped for it: the next time little is left to do. */
  const makeReady = async (next: NonNullable<typeof ready>): Promise<void> => {
    const { number } = next.candidate;
    try {
      const model = modelBeside(next.candidate, next.base);
      const { allowEmpty, check } = next.settings;
      const snapshot = await compiled(model, { allowEmpty, compilations }, () => next.candidate === candidate);
      if (snapshot === undefined || next.candidate !== candidate || next.base !== inForce.model) return;
      selfTest(snapshot, check);
      ready = next;
      inForce.putCandidate({ number, snapshot }, model);
      tell({ kind: 'candidate', number, why: '' });
    } catch (thrown) {
      compilations = new Compilations();
      if (next.candidate !== candidate) return;
      refused = candidate;
      inForce.putCandidate(undefined, undefined);
      tell({ kind: 'candidate', number, why: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };
  return {
    configure(given) {
      settings = given;
      void make();
    },
    takeCandidate(given) {
      candidate = given;
      ready = undefined;
      refused = undefined;
      if (given === undefined) compilations = new Compilations();
      inForce.putCandidate(given && 'not ready', undefined);
      void make();
    },
    look: () => void make(),
  };
}

/** Keys that stand in the policies come right behind them. */
const lacksKeys = (model: PolicyModel, inForce: InForce): boolean =>
  tokenRulesOf(model).some(({ keys: { from, id } }) => from === 'inline' && !inForce.hasKeys(id));

/**
 * Compiles in slices; undefined once it is not wanted any more.
 *
 * @throws GatehouseError `policy_invalid` if it takes too much time or memory
 */
function compiled(
  model: PolicyModel,
  options: Parameters<typeof snapshotWork>[1],
  isWanted: () => boolean,
): Promise<Snapshot | undefined> {
  let slices = 0;
  return finishInSlices(snapshotWork(model, options), SLICE_MS, () => {
    slices += 1;
    if (slices > MOST_SLICES) throw tooLarge(`${(MOST_SLICES * SLICE_MS) / 1_000} s of the processor`);
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    if (used > limit * MOST_HEAP) throw tooLarge(`${MOST_HEAP * 100} % of the memory that this process may have`);
    return isWanted();
  });
}

const tooLarge = (what: string): GatehouseError =>
  new GatehouseError('policy_invalid', `the candidate is too large: making it ready took ${what}`);
