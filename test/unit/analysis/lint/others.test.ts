import assert from 'node:assert/strict';
import { lintedOf, pod } from '../../../support/lint-world.ts';

const registry = ['cart', 'web', 'batch'].map((name, i) => pod(name, `10.0.0.${i + 1}`));

const calico = (name: string, order: number, ...ingress: readonly object[]): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec: { selector: "app == 'cart'", order, ingress },
});
const rule = (action: string, ...ports: readonly number[]): object => ({
  action,
  protocol: 'TCP',
  ...(ports.length > 0 && { destination: { ports } }),
});
const from = (action: string, app: string, port: number): object => ({
  ...rule(action, port),
  source: { selector: `app == '${app}'` },
});
const networkPolicy = (name: string, app: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app } }, ...spec },
});
const istio = (name: string, action: string, ...rules: readonly object[]): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { matchLabels: { app: 'cart' } }, action, rules },
});
const strict: object = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'istio-system' },
  spec: { mtls: { mode: 'STRICT' } },
};
const principal = (name: string, ports: readonly string[] = []): object => ({
  from: [{ source: { principals: [`cluster.local/ns/shop/sa/${name}`] } }],
  ...(ports.length > 0 && { to: [{ operation: { ports } }] }),
});
const method = (...methods: readonly string[]): object => ({ to: [{ operation: { methods } }] });

/** `KIND POLICY#RULE FILE:LINE`. */
type Told = readonly string[];

const cases: readonly {
  readonly name: string;
  readonly policies: readonly object[];
  readonly code: string;
  readonly of: string;
  /** Undefined: the finding has no such member. */
  readonly want: Told | undefined;
}[] = [
  {
    name: 'the rule that shadows',
    policies: [calico('a', 1, rule('Deny', 80), rule('Deny')), calico('b', 2, rule('Allow', 443))],
    ...{ code: 'rule-shadowed', of: '1.yaml', want: ['GlobalNetworkPolicy a#1 0.yaml:1'] },
  },
  {
    name: 'every rule that shadows together, also more than the message names',
    policies: [
      ...[1, 2, 3, 4, 5].map((port) => calico(`a${port}`, port, rule('Deny', port))),
      calico('b', 9, rule('Allow', 1, 2, 3, 4, 5)),
    ],
    ...{ code: 'rule-shadowed', of: '5.yaml' },
    want: [1, 2, 3, 4, 5].map((port) => `GlobalNetworkPolicy a${port}#0 ${port - 1}.yaml:1`),
  },
  {
    name: 'a DENY before an ALLOW of Istio',
    policies: [istio('a', 'DENY', method('GET')), istio('b', 'ALLOW', { ...principal('web'), ...method('GET') })],
    ...{ code: 'rule-shadowed', of: '1.yaml', want: ['AuthorizationPolicy shop/a#0 0.yaml:1'] },
  },
  {
    name: 'the rule that decides a part before',
    policies: [calico('a', 1, rule('Deny', 443)), calico('b', 2, rule('Allow', 80, 443))],
    ...{ code: 'rule-partly-shadowed', of: '1.yaml', want: ['GlobalNetworkPolicy a#0 0.yaml:1'] },
  },
  {
    name: 'the rules that decide two parts before',
    policies: [
      calico('a', 1, rule('Deny', 443)),
      calico('b', 2, rule('Deny', 22)),
      calico('c', 3, rule('Allow', 22, 80, 443)),
    ],
    ...{ code: 'rule-partly-shadowed', of: '2.yaml' },
    want: ['GlobalNetworkPolicy a#0 0.yaml:1', 'GlobalNetworkPolicy b#0 1.yaml:1'],
  },
  {
    name: 'the rule of another author that takes some of what a rule names',
    policies: [
      {
        ...calico('a', 1, from('Deny', 'web', 8080)),
        metadata: { name: 'a', annotations: { 'gatehouse.dev/owner': 'x' } },
      },
      {
        ...calico('b', 2, { ...from('Allow', 'web', 8080), source: { selector: "app in {'web', 'batch'}" } }),
        metadata: { name: 'b', annotations: { 'gatehouse.dev/owner': 'y' } },
      },
    ],
    ...{ code: 'rule-partly-shadowed', of: '1.yaml', want: ['GlobalNetworkPolicy a#0 0.yaml:1'] },
  },
  {
    name: 'the rule that does the same',
    policies: [calico('a', 1, rule('Allow')), calico('b', 2, rule('Allow', 443))],
    ...{ code: 'rule-redundant', of: '1.yaml', want: ['GlobalNetworkPolicy a#0 0.yaml:1'] },
  },
  {
    name: 'the rule of the policy of the same order',
    policies: [calico('a', 5, rule('Allow', 80)), calico('b', 5, from('Allow', 'web', 22), rule('Deny', 80))],
    ...{ code: 'order-tie', of: '1.yaml', want: ['GlobalNetworkPolicy a#0 0.yaml:1'] },
  },
  {
    name: 'the rule of the network that denies',
    policies: [
      istio('a', 'ALLOW', principal('web')),
      strict,
      calico('n', 1, rule('Log'), from('Deny', 'web', 8080), rule('Deny')),
    ],
    ...{ code: 'l7-allow-l4-deny', of: '0.yaml', want: ['GlobalNetworkPolicy n#1 2.yaml:1'] },
  },
  {
    name: 'the policies of the network of which none allows, as wholes',
    policies: [
      istio('a', 'ALLOW', principal('web')),
      strict,
      networkPolicy('n', 'cart', { ingress: [] }),
      networkPolicy('m', 'cart', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'batch' } } }] }] }),
    ],
    ...{ code: 'l7-allow-l4-deny', of: '0.yaml' },
    want: ['NetworkPolicy shop/m 3.yaml:1', 'NetworkPolicy shop/n 2.yaml:1'],
  },
  {
    name: 'what keeps callers from a port',
    policies: [
      istio('a', 'ALLOW', principal('web', ['80', '8080'])),
      strict,
      networkPolicy('n', 'cart', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }] }),
    ],
    ...{ code: 'l7-allow-l4-deny', of: '0.yaml', want: ['NetworkPolicy shop/n 2.yaml:1'] },
  },
  {
    name: 'the policies of layer 7 that let none of them in',
    policies: [
      istio('a', 'ALLOW', principal('web')),
      strict,
      networkPolicy('n', 'cart', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'batch' } } }] }] }),
    ],
    ...{ code: 'l4-hole-unused', of: '2.yaml', want: ['AuthorizationPolicy shop/a 0.yaml:1'] },
  },
  {
    name: 'none, where no request meets a rule',
    policies: [
      istio('a', 'ALLOW', {
        from: [{ source: { principals: ['cluster.local/ns/shop/sa/web'], notPrincipals: ['*'] } }],
      }),
    ],
    ...{ code: 'rule-never-holds', of: '0.yaml', want: undefined },
  },
  {
    name: 'none, where no policy of layer 7 speaks of a workload',
    policies: [
      istio('a', 'ALLOW', principal('web')),
      networkPolicy('n', 'batch', { ingress: [{ from: [{ podSelector: {} }] }] }),
    ],
    ...{ code: 'l7-missing', of: '1.yaml', want: undefined },
  },
];

describe('the others of a finding of lint', () => {
  for (const { name, policies, code, of, want } of cases)
    it(`names ${name} (${code})`, () => {
      const { findings } = lintedOf(policies, registry);
      const found = findings.filter((each) => each.code === code && each.file === of);
      assert.notEqual(found.length, 0, JSON.stringify(findings, undefined, 1));
      for (const finding of found) {
        assert.equal('others' in finding, want !== undefined);
        const told = finding.others?.map((other) => {
          assert.deepEqual(Object.keys(other), ['kind', 'policy', 'rule', 'file', 'line', 'column']);
          assert.equal(other.column > 0, true);
          return `${other.kind} ${other.policy}${other.rule === null ? '' : `#${other.rule}`} ${other.file}:${other.line}`;
        });
        assert.deepEqual(told?.toSorted(), want);
      }
    });
});
