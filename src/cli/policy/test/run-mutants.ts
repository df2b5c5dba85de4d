/**
 * Changes policies a little, again and again, and asks whether a test notices; of what none notices it finds the request that would.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Mutation, mutationsOf } from '../../../analysis/mutation/mutations.ts';
import { createScene } from '../../../analysis/mutation/scene.ts';
import { type DepsOf, noticesIn, requestsOf } from '../../../analysis/policy-test/run-file.ts';
import type { TestFile, TestForm } from '../../../analysis/policy-test/test-form.ts';
import { type DiffSide, differenceOf } from '../../../analysis/proofs/diff/diff.ts';
import { witnessTests } from '../../../analysis/proofs/diff/diff-document.ts';
import { createReplay } from '../../../analysis/proofs/replay.ts';
import { BoundMet } from '../../../analysis/regions/bound.ts';
import { GatehouseError } from '../../../errors.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import type { ExplainState } from '../../../server/explain/explain-state.ts';
import { explainDeps } from '../../../server/explain/explainer.ts';

/** Policies, and the files of tests that are about them. */
export interface MutantSubject {
  readonly state: ExplainState;
  readonly tests: readonly TestFile[];
}

/** A change of which a test would have to say something. */
export interface Mutant {
  /** `equal`: no request is decided otherwise. `unknown`: nobody can say whether one is. */
  readonly result: 'noticed' | 'unnoticed' | 'equal' | 'unknown';
  readonly kind: Mutation['kind'];
  readonly what: string;
  readonly policy: string;
  readonly policyKind: string;
  readonly rule: number | null;
  readonly file: string;
  readonly line: number;
  /** The test that would notice it: what the policies as they are decide. */
  readonly test?: TestForm;
  readonly why?: string;
}

/** What a run came to. */
export interface MutantRun {
  readonly mutants: readonly Mutant[];
  /** Changes that were not tried: more than wanted, or it was stopped. */
  readonly left: number;
  /** Noticed, in per cent of all that mean something; what nobody can say counts as not noticed. 100 if there are none. */
  readonly score: number;
}

export interface MutantOptions {
  /** Changes that are tried at the most. */
  readonly most: number;
  readonly stop: AbortSignal;
  readonly progress?: (done: number, of: number) => void;
}

/** Tries them in order. @throws GatehouseError `message_invalid` if the tests fail as it is */
export async function runMutants(subjects: readonly MutantSubject[], options: MutantOptions): Promise<MutantRun> {
  const planned = subjects.map((subject) => ({ subject, mutations: mutationsOf(subject.state.model) }));
  const all = planned.reduce((sum, { mutations }) => sum + mutations.length, 0);
  const mutants: Mutant[] = [];
  for (const { subject, mutations } of planned) {
    const judge = await createJudge(subject);
    for (const mutation of mutations) {
      await nextTurn(); // so that a signal is heard
      if (options.stop.aborted || mutants.length >= options.most) break;
      options.progress?.(mutants.length, Math.min(all, options.most));
      mutants.push(await judge(mutation));
    }
  }
  return { mutants, left: all - mutants.length, score: scoreOf(mutants) };
}

function scoreOf(mutants: readonly Mutant[]): number {
  const counted = mutants.filter(({ result }) => result !== 'equal');
  const noticed = counted.filter(({ result }) => result === 'noticed').length;
  return counted.length === 0 ? 100 : Math.floor((noticed * 1000) / counted.length) / 10;
}

/** For the exact difference of one change. */
const MOST_MS = 20_000;

const refusedTokens =
  'requests whose token is refused are no part of the exact difference: add a test with such a token';

const plainPathsAlone =
  'only paths without escapes, parameters, empty or dot segments were compared: they mean the same';

const nobodyThere =
  'the registry has no pod that the policy or one of its rules is about: give it the pods (registry, or --registry)';

async function createJudge({ state, tests }: MutantSubject): Promise<(mutation: Mutation) => Promise<Mutant>> {
  const own = await explainDeps(state);
  const isNoticed = (depsOf: DepsOf): boolean => tests.some((file) => noticesIn(file, depsOf));
  if (isNoticed(own))
    throw new GatehouseError(
      'message_invalid',
      'tests fail on the policies as they are: mend them first (without --mutate)',
    );
  const parties = tests.flatMap(requestsOf).flatMap(({ source = {}, destination = {} }) => [source, destination]);
  const scene = createScene(state.model, state.trustDomain, parties);
  const before = sideOf(state, scene.of(state.model));
  return async (mutation) => {
    const { kind, what, policy, ref, rule = null, position } = mutation;
    const head = { kind, what, policy, policyKind: ref.kind, rule, file: position.file, line: position.line };
    const model = mutation.apply();
    const depsOf = await explainDeps({ ...state, model });
    if (isNoticed(depsOf)) return { result: 'noticed', ...head };
    const found = unnoticed(before, sideOf(state, scene.of(model)), [own, depsOf]);
    const why = ref.kind === 'RequestAuthentication' ? refusedTokens : scene.holds(ref) ? undefined : nobodyThere;
    if (found.result === 'equal' && why !== undefined) return { ...head, result: 'unknown', why };
    return { ...head, ...found };
  };
}

/** The request that would notice it; none if the two mean the same. */
function unnoticed(
  before: DiffSide,
  after: DiffSide,
  [own, changed]: readonly [DepsOf, DepsOf],
): Pick<Mutant, 'result' | 'test' | 'why'> {
  const until = performance.now() + MOST_MS;
  const bound = (): void => {
    if (performance.now() > until) throw new BoundMet(`the difference takes more than ${MOST_MS / 1000} s`);
  };
  try {
    const { added, removed, ...rest } = differenceOf(after, before, bound);
    const [test] = witnessTests({ ...rest, added, removed });
    if (test === undefined) return rest.plainPaths ? { result: 'unknown', why: plainPathsAlone } : { result: 'equal' };
    const file = { tests: [test] } as TestFile; // its request is one
    const isNoticing = !noticesIn(file, own) && noticesIn(file, changed);
    return isNoticing
      ? { result: 'unnoticed', test }
      : { result: 'unnoticed', test, why: 'the pods of this test must be in the registry' };
  } catch (thrown) {
    if (thrown instanceof BoundMet) return { result: 'unknown', why: thrown.message };
    throw thrown;
  }
}

function sideOf({ trustDomain, check, allowEmpty }: ExplainState, model: PolicyModel): DiffSide {
  const planes = model.planes.filter(({ mode }) => mode === 'enforce');
  const options = { ...check, verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' } as const;
  return {
    ...{ model, planes, trustDomain, allowEmpty, workloads: check.workloads },
    replay: createReplay(model, options, allowEmpty),
    trustedHops: check.trustedHops,
  };
}
