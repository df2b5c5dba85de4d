/**
 * What a workload's tree for Envoy costs us: compiled anew, after an edit, and how large it is beside ordinary RBAC rules.
 * @module
 */
import { type NativePolicy, nativePolicyOf } from '../src/policy/compile-envoy/native-policy.ts';
import type { PolicyModel } from '../src/policy/model.ts';
import { cpuMsOf } from './lib/cpu-time.ts';
import { type Section, shownSpread, spread } from './lib/figures.ts';
import { modelOf, ordinaryRules, settingsOf, workload } from './lib/native-policies.ts';
import { rulesOf } from './lib/same-rules.ts';

const SIZES = [10, 1_000, 10_000];
const ROUNDS = 5;

/** The same model with one policy in the middle written anew. */
function edited(model: PolicyModel): PolicyModel {
  const planes = model.planes.map((plane) => ({
    ...plane,
    stages: plane.stages.map((stage) =>
      stage.kind === 'any-allow'
        ? {
            ...stage,
            policies: stage.policies.map((policy, i) =>
              i === stage.policies.length >> 1
                ? { ...policy, rules: policy.rules.map((rule) => ({ ...rule })) }
                : policy,
            ),
          }
        : stage,
    ),
  }));
  return { ...model, planes };
}

/** Measures CPU, which does not hang on who else is there. */
export function native(): Section {
  const raw = SIZES.map((count) => {
    const rules = rulesOf(count);
    const anew: number[] = [];
    const edits: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const model = modelOf(rules);
      const settings = settingsOf(model);
      const next = edited(model);
      let policy: NativePolicy | undefined;
      anew.push(
        cpuMsOf(() => {
          policy = nativePolicyOf(model, workload, settings);
        }),
      );
      bytes = policy?.http.length ?? 0;
      edits.push(cpuMsOf(() => void nativePolicyOf(next, workload, settings, policy)));
    }
    return { count, anew: spread(anew), edit: spread(edits), bytes, ordinary: ordinaryRules(rules).length };
  });
  return {
    name: 'native',
    title: 'Trees for Envoys that decide themselves',
    note: `One policy a rule (principal, method, path prefix; four to a principal); CPU of this process, its self-check included, median (min–max) of ${ROUNDS} rounds.`,
    head: ['rules', 'compiled, ms', 'after an edit, ms', 'bytes', 'of ordinary RBAC'],
    rows: raw.map(({ count, anew, edit, bytes, ordinary }) => [
      count.toLocaleString('en-US'),
      shownSpread(anew, 0),
      shownSpread(edit, 0),
      bytes.toLocaleString('en-US'),
      `${(bytes / ordinary).toFixed(2)} ×`,
    ]),
    raw,
  };
}
