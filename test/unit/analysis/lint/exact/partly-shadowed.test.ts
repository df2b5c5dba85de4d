import assert from 'node:assert/strict';
import { lintedOf, pod } from '../../../../support/lint-world.ts';

const registry = ['cart', 'web', 'batch'].map((name, i) => pod(name, `10.0.0.${i + 1}`));

const calico = (name: string, spec: object, kind = 'GlobalNetworkPolicy'): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name },
  spec: { selector: "app == 'cart'", ...spec },
});
const tier = (name: string, order: number): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'Tier',
  metadata: { name },
  spec: { order },
});
const rule = (action: string, more: object = {}): object => ({ action, protocol: 'TCP', ...more });
const to = (...ports: readonly (number | string)[]): object => ({ destination: { ports } });
const from = (selector: string): object => ({ source: { selector, namespaceSelector: 'all()' } });
const ingress = (order: number, ...rules: readonly object[]): object => ({ order, ingress: rules });
const inTier = (name: string, ...rules: readonly object[]): object => ({ tier: name, order: 1, ingress: rules });

const istio = (name: string, namespace: string, action: string, ...rules: readonly object[]): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace },
  spec: { action, rules },
});
const operation = (asked: object): object => ({ to: [{ operation: asked }] });

const networkPolicy = (ports: readonly object[], peers: readonly object[] = [{ podSelector: {} }]): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'np', namespace: 'shop' },
  spec: { podSelector: {}, ingress: [{ from: peers, ports }] },
});
const admin = (kind: string, spec: object): object => ({
  apiVersion:
    kind === 'ClusterNetworkPolicy' ? 'policy.networking.k8s.io/v1alpha2' : 'policy.networking.k8s.io/v1alpha1',
  kind,
  metadata: { name: 'admin' },
  spec: { priority: 5, subject: { namespaces: {} }, ...spec },
});

const told: readonly {
  readonly name: string;
  readonly policies: readonly object[];
  readonly want: string;
  readonly says: RegExp;
}[] = [
  {
    name: 'a port that an earlier policy denies',
    policies: [calico('a', ingress(1, rule('Deny', to(443)))), calico('b', ingress(2, rule('Allow', to(80, 443))))],
    want: 'warning b shown',
    says: /“port 443” in rule 0 of GlobalNetworkPolicy b never decides: .*otherwise than it says, by rule 0 of GlobalNetworkPolicy a \(0.yaml:1\)/,
  },
  {
    name: 'a port in the midst of a range that is denied',
    policies: [
      calico('a', ingress(1, rule('Deny', to('400:500')))),
      calico('b', ingress(2, rule('Allow', to(80, 443)))),
    ],
    want: 'warning b shown',
    says: /“port 443”/,
  },
  {
    name: 'a range of addresses of an earlier tier',
    policies: [
      tier('sec', 1),
      calico('a', inTier('sec', rule('Deny', { source: { nets: ['192.168.0.0/16'] } }), rule('Pass'))),
      calico('b', ingress(2, rule('Allow', { source: { nets: ['192.168.3.0/24', '172.16.0.0/12'] } }))),
    ],
    want: 'warning b shown',
    says: /“source address 192.168.3.0\/24”/,
  },
  {
    name: 'what the end of a tier denies',
    policies: [
      tier('sec', 1),
      calico('a', inTier('sec', rule('Pass', to(80)))),
      calico('b', ingress(2, rule('Allow', to(80, 443)))),
    ],
    want: 'warning b shown',
    says: /“port 443” .* by the end of tier sec/,
  },
  {
    name: 'a value of a label of callers',
    policies: [
      calico('a', ingress(1, rule('Deny', from("app == 'batch'")))),
      calico('b', ingress(2, rule('Allow', from("app in { 'web', 'batch' }")))),
    ],
    want: 'warning b shown',
    says: /“callers with .*app=batch/,
  },
  {
    name: 'workloads of one value of the selector',
    policies: [
      calico('a', { selector: "app == 'cart'", ...ingress(1, rule('Deny')) }),
      calico('b', { selector: "app in { 'cart', 'web' }", ...ingress(2, rule('Allow')) }),
    ],
    want: 'warning b shown',
    says: /“workloads with label app=cart”/,
  },
  {
    name: 'a deny that an allow makes void in part',
    policies: [calico('a', ingress(1, rule('Allow', to(80)))), calico('b', ingress(2, rule('Deny', to(80, 443))))],
    want: 'warning b shown',
    says: /“port 80”/,
  },
  {
    name: 'what several rules decide together',
    policies: [
      calico('a', ingress(1, rule('Deny', to('80:90')))),
      calico('b', ingress(2, rule('Deny', to('91:99')))),
      calico('c', ingress(3, rule('Allow', to('85:95', 443)))),
    ],
    want: 'warning c shown',
    says: /“port 85-95” .* by rule 0 of GlobalNetworkPolicy a .*, rule 0 of GlobalNetworkPolicy b /,
  },
  {
    name: 'an entry of from',
    policies: [
      admin('AdminNetworkPolicy', {
        ingress: [
          {
            name: 'r',
            action: 'Deny',
            from: [{ namespaces: {} }],
            ports: [{ portNumber: { protocol: 'TCP', port: 9 } }],
          },
        ],
      }),
      networkPolicy([{ port: 9 }, { port: 80 }]),
    ],
    want: 'warning np shown',
    says: /“port 9” in rule 0 of NetworkPolicy shop\/np/,
  },
  {
    name: 'what a ClusterNetworkPolicy denies',
    policies: [
      admin('ClusterNetworkPolicy', {
        tier: 'Admin',
        ingress: [
          { action: 'Deny', from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 9 } } }] },
        ],
      }),
      networkPolicy([{ port: 9 }, { port: 80 }]),
    ],
    want: 'warning np shown',
    says: /“port 9” .* by rule 0 of ClusterNetworkPolicy admin/,
  },
  {
    name: 'a method that a DENY refuses to everybody',
    policies: [
      istio('a', 'shop', 'DENY', operation({ methods: ['DELETE'] })),
      istio('b', 'shop', 'ALLOW', operation({ methods: ['GET', 'DELETE'] })),
    ],
    want: 'warning b shown',
    says: /“method DELETE” in rule 0 of AuthorizationPolicy shop\/b never decides/,
  },
  {
    name: 'a path under a prefix that a DENY refuses',
    policies: [
      istio('a', 'istio-system', 'DENY', operation({ paths: ['/admin*'] })),
      istio('b', 'shop', 'ALLOW', operation({ paths: ['/api/*', '/admin/users'] })),
    ],
    want: 'warning b shown',
    says: /“path \/admin\/users”/,
  },
  {
    name: 'some of a range of addresses, by another tier',
    policies: [
      tier('sec', 1),
      calico('a', inTier('sec', rule('Deny', { source: { nets: ['10.0.0.2/32'] } }), rule('Pass'))),
      calico('b', ingress(2, rule('Allow', { source: { nets: ['10.0.0.0/8'] } }))),
    ],
    want: 'hint b shown',
    says: /“source address 10.0.0.2\/32” is decided before, otherwise, by rule 0 of GlobalNetworkPolicy a/,
  },
  {
    name: 'some of what a path means, by the policy of all',
    policies: [
      istio('a', 'istio-system', 'DENY', operation({ paths: ['/api/admin*'] })),
      istio('b', 'shop', 'ALLOW', operation({ paths: ['/api/*'] })),
    ],
    want: 'hint b shown',
    says: /“path \/api\/admin\*”/,
  },
  {
    name: 'ranges of ports that cross, whoever wrote them',
    policies: [
      calico('a', ingress(1, rule('Deny', to('8000:8080')))),
      calico('b', ingress(2, rule('Allow', to('8080:8100')))),
    ],
    want: 'hint b shown',
    says: /“.*port 8000-8080.*”/,
  },
];

const silent: readonly { readonly name: string; readonly policies: readonly object[] }[] = [
  {
    name: 'an exception that stands before what it is an exception of',
    policies: [
      calico(
        'a',
        ingress(
          1,
          rule('Deny', { source: { nets: ['10.0.0.2/32'] } }),
          rule('Allow', { source: { nets: ['10.0.0.0/8'] } }),
        ),
      ),
    ],
  },
  {
    name: 'a default deny behind what is allowed',
    policies: [calico('a', ingress(1, rule('Allow', to(80)))), calico('b', ingress(2, rule('Deny')))],
  },
  {
    name: 'a deny of something else that the rule does not speak of',
    policies: [
      tier('sec', 1),
      calico('a', inTier('sec', rule('Deny', { source: { nets: ['10.0.0.2/32'] } }), rule('Pass'))),
      calico('b', ingress(2, rule('Allow', to(80)))),
    ],
  },
  {
    name: 'a deny of everybody but some, of another namespace',
    policies: [
      istio('a', 'istio-system', 'DENY', { from: [{ source: { notPrincipals: ['*'] } }] }),
      istio('b', 'shop', 'ALLOW', operation({ methods: ['GET', 'POST'] })),
    ],
  },
  {
    name: 'ALLOW rules that overlap',
    policies: [
      istio('a', 'shop', 'ALLOW', operation({ methods: ['GET', 'POST'] })),
      istio('b', 'shop', 'ALLOW', operation({ methods: ['GET', 'PUT'] })),
    ],
  },
  {
    name: 'allows that overlap in tiers',
    policies: [calico('a', ingress(1, rule('Allow', to(80)))), calico('b', ingress(2, rule('Allow', to(80, 443))))],
  },
  {
    name: 'a staged policy',
    policies: [
      calico('a', ingress(1, rule('Deny', to(443))), 'StagedGlobalNetworkPolicy'),
      calico('b', ingress(2, rule('Allow', to(80, 443)))),
    ],
  },
  {
    name: 'a policy in a dry run',
    policies: [
      {
        ...istio('a', 'shop', 'DENY', operation({ methods: ['DELETE'] })),
        metadata: { name: 'a', namespace: 'shop', annotations: { 'istio.io/dry-run': 'true' } },
      },
      istio('b', 'shop', 'ALLOW', operation({ methods: ['GET', 'DELETE'] })),
    ],
  },
  {
    name: 'what is passed on',
    policies: [
      tier('sec', 1),
      calico('a', inTier('sec', rule('Pass', to(443)), rule('Deny', to(22)), rule('Pass'))),
      calico('b', ingress(2, rule('Allow', to(80, 443)))),
    ],
  },
  {
    name: 'what is only logged',
    policies: [calico('a', ingress(1, rule('Log', to(443)))), calico('b', ingress(2, rule('Allow', to(80, 443))))],
  },
  {
    name: 'another direction',
    policies: [
      calico('a', { order: 1, types: ['Egress'], egress: [rule('Deny', to(443))] }),
      calico('b', ingress(2, rule('Allow', to(80, 443)))),
    ],
  },
  {
    name: 'workloads that are others',
    policies: [
      calico('a', { selector: "app == 'web'", ...ingress(1, rule('Deny', to(443))) }),
      calico('b', ingress(2, rule('Allow', to(80, 443)))),
    ],
  },
  {
    name: 'an address that the range leaves out',
    policies: [
      calico('a', ingress(1, rule('Deny', { source: { nets: ['10.0.0.0/8'], notNets: ['10.0.0.0/24'] } }))),
      calico('b', ingress(2, rule('Allow', { source: { nets: ['10.0.0.0/24', '192.168.0.0/16'] } }))),
    ],
  },
];

const partsOf = (policies: readonly object[]) =>
  lintedOf(policies, registry).findings.filter(({ code }) => code === 'rule-partly-shadowed');

describe('rules that are shadowed in part', () => {
  for (const { name, policies, want, says } of told)
    it(`are told with ${name}`, () => {
      const found = partsOf(policies);
      const nameOf = (file: string): string =>
        (policies[Number.parseInt(file, 10)] as { metadata: { name: string } }).metadata.name;
      assert.deepEqual(
        found.map(({ severity, file, witness }) => `${severity} ${nameOf(file)}${witness === null ? '' : ' shown'}`),
        [want],
      );
      assert.match(found[0]!.message, says);
    });

  for (const { name, policies } of silent)
    it(`are not told with ${name}`, () => {
      assert.deepEqual(partsOf(policies), []);
    });

  it('name the owners of both sides', () => {
    const owned = (document: object, owner: string): object => ({
      ...document,
      metadata: { ...(document as { metadata: object }).metadata, annotations: { 'gatehouse.dev/owner': owner } },
    });
    const policies = [
      owned(calico('a', ingress(1, rule('Deny', to(443)))), 'platform'),
      owned(calico('b', ingress(2, rule('Allow', to(80, 443)))), 'shop-team'),
    ];
    assert.deepEqual(
      partsOf(policies).map(({ owners }) => owners),
      [['shop-team', 'platform']],
    );
  });
});
