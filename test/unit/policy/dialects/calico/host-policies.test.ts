import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { evaluate } from '../../../../../src/policy/evaluate/evaluate.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { modelOf } from '../../../../support/model-of.ts';
import { plainFacts } from '../../../../support/plain-facts.ts';

const registry = `apiVersion: v1
kind: Pod
metadata: { name: details, namespace: default, labels: { app: details } }
spec: { serviceAccountName: details }
status: { podIP: 10.0.0.1 }
`;
const global = (name: string, spec: string, kind = 'GlobalNetworkPolicy'): string => `---
apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: ${name} }
spec: { selector: all(), ${spec} }
`;
const deny = global('z', 'order: 9, ingress: [{ action: Deny }], egress: [{ action: Deny }]');

/** A policy before one that denies everything, and what becomes of a request to a pod. */
const cases: readonly { readonly name: string; readonly policies: string; readonly want: 'allow' | 'deny' }[] = [
  {
    name: 'preDNAT',
    policies: global('a', 'order: 1, preDNAT: true, applyOnForward: true, ingress: [{ action: Allow }]') + deny,
    want: 'deny',
  },
  {
    name: 'doNotTrack',
    policies: global('a', 'order: 1, doNotTrack: true, applyOnForward: true, ingress: [{ action: Allow }]') + deny,
    want: 'deny',
  },
  {
    name: 'applyOnForward alone, which concerns pods too',
    policies: global('a', 'order: 1, applyOnForward: true, ingress: [{ action: Allow }]') + deny,
    want: 'allow',
  },
  {
    name: 'false',
    policies: global('a', 'order: 1, preDNAT: false, doNotTrack: false, ingress: [{ action: Allow }]') + deny,
    want: 'allow',
  },
  {
    name: 'preDNAT alone in its tier, which selects no pod then',
    policies: global('a', 'preDNAT: true, applyOnForward: true, ingress: [{ action: Deny }]'),
    want: 'allow',
  },
];

describe("a policy of Calico for hosts' interfaces", () => {
  for (const { name, policies, want } of cases) {
    for (const plane of ['calico', 'l4'] as const) {
      it(`decides nothing for pods, plane ${plane}: ${name}`, () => {
        const planes = { calico: 'off', l4: 'off', [plane]: 'enforce' } as const;
        const model = modelOf(policies, { registry, planes });
        assert.equal(
          evaluate(model, plainFacts({ source: '10.0.0.9', address: '10.0.0.1' }), { allowEmpty: true }).decision
            .effect,
          want,
        );
      });
    }
  }

  it('tells that Calico is there, as do the other documents that decide nothing', () => {
    const network = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: none, namespace: default }
spec: { podSelector: {} }
`;
    const others = [
      global('a', 'preDNAT: true, applyOnForward: true, ingress: [{ action: Allow }]'),
      global('a', 'stagedAction: Ignore', 'StagedGlobalNetworkPolicy'),
      `---\napiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: { name: a }\nspec: { node: n, interfaceName: '*' }\n`,
      `---\napiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: { name: a }\nspec: {}\n`,
    ];
    const planesOf = (policies: string) =>
      modelOf(policies, { registry, planes: { calico: 'enforce', l4: 'observe' } }).planes.map(({ id }) => id);
    for (const other of others) assert.deepEqual(planesOf(network + other), ['istio', 'calico', 'l4']);
    assert.deepEqual(planesOf(network), ['istio', 'l4']);
  });

  it('is named', () => {
    const { findings } = readPolicies(
      'p.yaml',
      global('a', 'preDNAT: true, applyOnForward: true, ingress: [{ action: Allow }]').slice(4),
      usualDialect,
    );
    assert.deepEqual(
      findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`),
      ['warning not-enforceable-here spec.preDNAT'],
    );
  });
});
