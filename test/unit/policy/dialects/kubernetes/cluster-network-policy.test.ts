import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { evaluate } from '../../../../../src/policy/evaluate/evaluate.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { modelOf } from '../../../../support/model-of.ts';
import { plainFacts } from '../../../../support/plain-facts.ts';

const versions = {
  ClusterNetworkPolicy: 'v1alpha2',
  AdminNetworkPolicy: 'v1alpha1',
  BaselineAdminNetworkPolicy: 'v1alpha1',
};
const policy = (
  kind: keyof typeof versions,
  spec: string,
): string => `apiVersion: policy.networking.k8s.io/${versions[kind]}
kind: ${kind}
metadata: { name: default }
spec: ${spec}
`;

const head = 'tier: Admin, priority: 1, subject: { namespaces: {} }';
const ingress = (rule: string): string => policy('ClusterNetworkPolicy', `{ ${head}, ingress: [${rule}] }`);
const egress = (rule: string): string => policy('ClusterNetworkPolicy', `{ ${head}, egress: [${rule}] }`);
const admin = (rule: string): string =>
  policy('AdminNetworkPolicy', `{ priority: 1, subject: { namespaces: {} }, ingress: [${rule}] }`);
const any = 'from: [{ namespaces: {} }]';

/** One error each: code and path. */
const refused: readonly { readonly name: string; readonly text: string; readonly want: string }[] = [
  {
    name: 'no tier',
    text: policy('ClusterNetworkPolicy', '{ priority: 1, subject: { namespaces: {} } }'),
    want: 'field-missing spec.tier',
  },
  {
    name: 'no priority',
    text: policy('ClusterNetworkPolicy', '{ tier: Admin, subject: { namespaces: {} } }'),
    want: 'field-missing spec.priority',
  },
  {
    name: 'no priority, as it was before',
    text: policy('AdminNetworkPolicy', '{ subject: { namespaces: {} } }'),
    want: 'field-missing spec.priority',
  },
  {
    name: 'a subject of pods without their selector',
    text: policy('ClusterNetworkPolicy', '{ tier: Admin, priority: 1, subject: { pods: { namespaceSelector: {} } } }'),
    want: 'field-missing spec.subject.pods.podSelector',
  },
  {
    name: 'a subject of pods without that of namespaces, as it was before',
    text: policy('AdminNetworkPolicy', '{ priority: 1, subject: { pods: { podSelector: {} } } }'),
    want: 'field-missing spec.subject.pods.namespaceSelector',
  },
  { name: 'nobody in from', text: ingress('{ action: Deny, from: [] }'), want: 'too-few spec.ingress[0].from' },
  { name: 'nobody in to', text: egress('{ action: Deny, to: [] }'), want: 'too-few spec.egress[0].to' },
  {
    name: 'nobody in from, as it was before',
    text: admin('{ action: Deny, from: [] }'),
    want: 'too-few spec.ingress[0].from',
  },
  {
    name: 'no networks',
    text: egress('{ action: Deny, to: [{ networks: [] }] }'),
    want: 'too-few spec.egress[0].to[0].networks',
  },
  {
    name: 'no protocols',
    text: ingress(`{ action: Deny, ${any}, protocols: [] }`),
    want: 'too-few spec.ingress[0].protocols',
  },
  {
    name: 'the port of the caller',
    text: ingress(
      `{ action: Accept, ${any}, protocols: [{ tcp: { destinationPort: { number: 80 }, sourcePort: { number: 53 } } }] }`,
    ),
    want: 'unknown-field spec.ingress[0].protocols[0].tcp.sourcePort',
  },
  {
    name: 'more rules than the kind takes',
    text: ingress(Array.from({ length: 26 }, () => `{ action: Deny, ${any} }`).join(', ')),
    want: 'too-many spec.ingress',
  },
  {
    name: 'more peers than the kind takes',
    text: ingress(`{ action: Deny, from: [${Array.from({ length: 26 }, () => '{ namespaces: {} }').join(', ')}] }`),
    want: 'too-many spec.ingress[0].from',
  },
];

const registry = `apiVersion: v1
kind: Pod
metadata: { name: details, namespace: default, labels: { app: details } }
spec: { serviceAccountName: details }
status: { podIP: 10.0.0.1 }
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: { name: partners, namespace: default, labels: { net: partners } }
spec: { nets: [203.0.113.0/24] }
`;

describe('ClusterNetworkPolicy', () => {
  for (const { name, text, want } of refused) {
    it(`refuses ${name}`, () => {
      const errors = readPolicies('p.yaml', text, usualDialect).findings.filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        errors.map(({ code, path }) => `${code} ${path}`),
        [want],
      );
    });
  }

  it('means by namespaces the network sets in them too, as Calico converts it', () => {
    const [pods, sets] = registry.split('---\n');
    const model = modelOf(`${sets}---\n${ingress(`{ action: Deny, ${any} }`)}`, { registry: pods ?? '' });
    const verdict = (source: string): string =>
      evaluate(model, plainFacts({ source, address: '10.0.0.1' }), { allowEmpty: true }).decision.effect;
    assert.deepEqual([verdict('203.0.113.7'), verdict('198.51.100.1')], ['deny', 'allow']);
  });
});
