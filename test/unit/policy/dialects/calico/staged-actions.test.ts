import assert from 'node:assert/strict';
import { evaluate } from '../../../../../src/policy/evaluate/evaluate.ts';
import { modelOf } from '../../../../support/model-of.ts';
import { plainFacts } from '../../../../support/plain-facts.ts';

const registry = `apiVersion: v1
kind: Pod
metadata: { name: details, namespace: default, labels: { app: details } }
spec: { serviceAccountName: details }
status: { podIP: 10.0.0.1 }
`;
const staged = (kind: string, spec: string): string => `apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: ${kind.includes('Global') ? 'own' : 'own, namespace: default'} }
spec: { ${spec} }
`;

/** A staged policy alone, and what would be if it were enforced. */
const cases: readonly { readonly kind: string; readonly spec: string; readonly want: string | undefined }[] = [
  { kind: 'StagedNetworkPolicy', spec: 'order: 1, ingress: []', want: 'deny' },
  { kind: 'StagedNetworkPolicy', spec: 'stagedAction: Delete', want: undefined },
  { kind: 'StagedNetworkPolicy', spec: 'stagedAction: Ignore, order: 1, ingress: []', want: undefined },
  { kind: 'StagedGlobalNetworkPolicy', spec: 'stagedAction: Delete, tier: default', want: undefined },
  { kind: 'StagedKubernetesNetworkPolicy', spec: 'stagedAction: Set, podSelector: {}, ingress: []', want: 'deny' },
  { kind: 'StagedKubernetesNetworkPolicy', spec: 'stagedAction: Delete', want: undefined },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    spec: 'stagedAction: Ignore, podSelector: {}, ingress: []',
    want: undefined,
  },
];

describe('what a staged policy would do', () => {
  for (const { kind, spec, want } of cases) {
    it(`is nothing where it is deleted or ignored: ${kind} { ${spec} }`, () => {
      const model = modelOf(staged(kind, spec), { registry });
      const facts = plainFacts({ source: '10.0.0.9', address: '10.0.0.1' });
      const { effect, dryRun } = evaluate(model, facts, { allowEmpty: true }).decision;
      assert.deepEqual([effect, dryRun?.effect], ['allow', want]);
    });
  }
});
