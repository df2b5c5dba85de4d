import assert from 'node:assert/strict';
import { lintedOf, pod } from '../../../../support/lint-world.ts';

const registry = ['cart', 'web', 'batch'].map((name, i) => pod(name, `10.0.0.${i + 1}`));

const global = (name: string, spec: object, kind = 'GlobalNetworkPolicy'): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name },
  spec: { selector: "app == 'cart'", ...spec },
});
const inNamespace = (namespace: string, name: string, spec: object): object => ({
  ...global(name, spec, 'NetworkPolicy'),
  metadata: { name, namespace },
});
const rule = (action: string, more: object = {}): object => ({ action, protocol: 'TCP', ...more });
const from = (action: string, app: string, ports?: readonly number[]): object =>
  rule(action, { source: { selector: `app == '${app}'` }, ...(ports && { destination: { ports } }) });
const ingress = (...rules: readonly object[]) => ({ ingress: rules });
const admin = (name: string, priority: number, action: string): object => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind: 'AdminNetworkPolicy',
  metadata: { name },
  spec: { priority, subject: { namespaces: {} }, ingress: [{ name: 'r', action, from: [{ namespaces: {} }] }] },
});
const cluster = (name: string, tier: string, action: string): object => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name },
  spec: { tier, priority: 5, subject: { namespaces: {} }, ingress: [{ action, from: [{ namespaces: {} }] }] },
});

const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 't' }, spec: { order: 1 } };

const told: readonly {
  readonly name: string;
  readonly policies: readonly object[];
  readonly want: string;
  readonly says?: RegExp;
}[] = [
  {
    name: 'an allow and a deny of one caller, of one order',
    policies: [
      global('a', { order: 5, ...ingress(from('Allow', 'web')) }),
      global('b', { order: 5, ...ingress(from('Deny', 'web')) }),
    ],
    want: 'warning b shown',
    says: /rule 0 of GlobalNetworkPolicy b and rule 0 of GlobalNetworkPolicy a \(0.yaml:1\) .* order 5 in tier default/,
  },
  {
    name: 'the same without any order',
    policies: [global('a', ingress(from('Deny', 'web', [8080]))), global('b', ingress(rule('Allow')))],
    want: 'warning b shown',
    says: /no order/,
  },
  {
    name: 'what egress rules say',
    policies: [
      global('a', { types: ['Egress'], egress: [rule('Allow')] }),
      global('b', { types: ['Egress'], egress: [rule('Deny', { destination: { ports: [8080] } })] }),
    ],
    want: 'warning b shown',
  },
  {
    name: 'a policy of all and one of a namespace',
    policies: [global('a', ingress(rule('Deny'))), inNamespace('shop', 'b', ingress(from('Allow', 'web')))],
    want: 'warning b shown',
  },
  {
    name: 'a NetworkPolicy, whose order is 1000, and one of Calico',
    policies: [
      global('a', { order: 1000, ...ingress(from('Deny', 'web')) }),
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'b', namespace: 'shop' },
        spec: { podSelector: {}, ingress: [{}] },
      },
    ],
    want: 'warning b shown',
  },
  {
    name: 'AdminNetworkPolicies of one priority',
    policies: [admin('a', 7, 'Allow'), admin('b', 7, 'Deny')],
    want: 'warning b shown',
    says: /priority 7 .*left to the implementation/,
  },
  {
    name: 'ClusterNetworkPolicies of one tier and priority',
    policies: [cluster('a', 'Admin', 'Accept'), cluster('b', 'Admin', 'Deny')],
    want: 'warning b shown',
  },
  {
    name: 'a pod that both may select, though none does today',
    policies: [
      global('a', ingress(rule('Allow'))),
      global('b', { selector: "role == 'back'", ...ingress(rule('Deny')) }),
    ],
    want: 'hint b',
  },
  {
    name: 'a pass and a deny, where what is passed on is allowed',
    policies: [
      tier,
      global('a', { tier: 't', ...ingress(rule('Pass')) }),
      global('b', { tier: 't', ...ingress(rule('Deny')) }),
    ],
    want: 'warning b shown',
  },
  {
    name: 'all that a policy contradicts, once',
    policies: [
      global('a', ingress(from('Allow', 'web'))),
      global('b', ingress(from('Allow', 'batch'))),
      global('c', ingress(rule('Deny'))),
    ],
    want: 'warning c shown',
    says: /it is not the only one/,
  },
];

const silent: readonly { readonly name: string; readonly policies: readonly object[] }[] = [
  {
    name: 'different orders',
    policies: [
      global('a', { order: 5, ...ingress(rule('Allow')) }),
      global('b', { order: 6, ...ingress(rule('Deny')) }),
    ],
  },
  {
    name: 'different tiers',
    policies: [cluster('a', 'Admin', 'Accept'), cluster('b', 'Baseline', 'Deny')],
  },
  {
    name: 'different priorities',
    policies: [admin('a', 7, 'Allow'), admin('b', 8, 'Deny')],
  },
  {
    name: 'effects that agree',
    policies: [global('a', ingress(from('Allow', 'web'))), global('b', ingress(rule('Allow')))],
  },
  {
    name: 'ports that differ',
    policies: [global('a', ingress(from('Allow', 'web', [80]))), global('b', ingress(from('Deny', 'web', [81])))],
  },
  {
    name: 'callers that no one pod is both of',
    policies: [global('a', ingress(from('Allow', 'web'))), global('b', ingress(from('Deny', 'batch')))],
  },
  {
    name: 'workloads that no one pod is both of',
    policies: [
      global('a', ingress(rule('Allow'))),
      global('b', { selector: "app == 'web'", ...ingress(rule('Deny')) }),
    ],
  },
  {
    name: 'two namespaces',
    policies: [inNamespace('shop', 'a', ingress(rule('Allow'))), inNamespace('other', 'b', ingress(rule('Deny')))],
  },
  {
    name: 'two directions',
    policies: [global('a', ingress(rule('Allow'))), global('b', { types: ['Egress'], egress: [rule('Deny')] })],
  },
  {
    name: 'what is decided before both',
    policies: [
      global('z', { order: 1, ...ingress(from('Deny', 'web')) }),
      global('a', { order: 5, ...ingress(from('Allow', 'web')) }),
      global('b', { order: 5, ...ingress(from('Deny', 'web')) }),
    ],
  },
  {
    name: 'what a policy itself decides before',
    policies: [global('a', ingress(from('Deny', 'web'), rule('Allow'))), global('b', ingress(from('Deny', 'web')))],
  },
  {
    name: 'staged policies',
    policies: [global('a', ingress(rule('Allow'))), global('b', ingress(rule('Deny')), 'StagedGlobalNetworkPolicy')],
  },
  {
    name: 'a pass and a deny, where what is passed on is denied',
    policies: [
      tier,
      global('a', { tier: 't', ...ingress(rule('Pass')) }),
      global('b', { tier: 't', ...ingress(rule('Deny')) }),
      global('c', ingress(rule('Deny'))),
    ],
  },
  {
    name: 'what is only logged',
    policies: [global('a', ingress(rule('Log'))), global('b', ingress(rule('Deny')))],
  },
  {
    name: 'paths that are none, which each of two rules refuses',
    policies: ['/x', '/y'].map((exact, i) => global(`p${i}`, ingress(rule('Allow', { http: { paths: [{ exact }] } })))),
  },
];

const tiesOf = (policies: readonly object[]) =>
  lintedOf(policies, registry).findings.filter(({ code }) => code === 'order-tie');

describe('ties of order that contradict each other', () => {
  for (const { name, policies, want, says = /./ } of told)
    it(`tells of ${name}`, () => {
      const found = tiesOf(policies);
      const nameOf = (file: string): string =>
        (policies[Number.parseInt(file, 10)] as { metadata: { name: string } }).metadata.name;
      assert.deepEqual(
        found.map(({ severity, file, witness }) => `${severity} ${nameOf(file)}${witness === null ? '' : ' shown'}`),
        [want],
      );
      assert.match(found[0]!.message, says);
    });

  for (const { name, policies } of silent)
    it(`says nothing of ${name}`, () => {
      assert.deepEqual(tiesOf(policies), []);
    });
});
