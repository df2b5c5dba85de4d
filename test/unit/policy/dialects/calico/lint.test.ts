import assert from 'node:assert/strict';
import {
  calicoPolicy,
  checked,
  istioPolicy,
  networkPolicy,
  type Planted,
  testPlanted,
} from '../../../../support/planted.ts';

const rule = (fields: string, spec = "selector: app == 'web'"): string =>
  calicoPolicy(`{ ${spec}, ingress: [{ action: Allow, ${fields} }] }`);
const http = (value: string): string => rule(`protocol: TCP, http: { ${value} }`);
const tier = (name: string, order: number, more = ''): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: { name: ${name} }\nspec: { order: ${order}${more} }\n`;
const isolated = networkPolicy('{ podSelector: {} }', 'default-deny', 'team-a');
const tenant = networkPolicy(
  '{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }] }',
  'db',
  'team-a',
);

const planted: readonly Planted[] = [
  {
    code: 'rule-never-holds',
    faults: {
      'a net that is excluded': rule("source: { nets: ['10.0.0.0/8'], notNets: ['10.0.0.0/8'] }"),
      'a net within one that is excluded': rule("source: { nets: ['10.1.0.0/16'], notNets: ['10.0.0.0/8'] }"),
      'two values of one label': rule("source: { selector: app == 'a' && app == 'b' }"),
      'a label that is there and is not': rule('source: { selector: has(role) && !has(role) }'),
      'an empty set': rule('source: { selector: "role in {}" }'),
      'a selector that is excluded': rule("source: { selector: app == 'a', notSelector: app == 'a' }"),
      'another destination than the policy': rule("destination: { selector: app == 'db' }"),
      'another source than the policy, egress': calicoPolicy(
        "{ selector: app == 'web', egress: [{ action: Deny, source: { selector: app == 'db' } }] }",
      ),
      'a destination in another namespace': calicoPolicy(
        "{ ingress: [{ action: Allow, destination: { namespaceSelector: projectcalico.org/name == 'other' } }] }",
        'a',
        'shop',
      ),
      'ports that are excluded': rule('protocol: TCP, destination: { ports: [80, 8080], notPorts: ["1:9000"] }'),
      'a protocol that is excluded': rule('protocol: TCP, notProtocol: 6'),
      'one of two alternatives': rule("source: { selector: (a == 'x' && a == 'y') || (b == 'x' && b != 'x') }"),
      'pods of Kubernetes': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: a }, matchExpressions: [{ key: app, operator: NotIn, values: [a] }] } }, { namespaceSelector: {} }] }] }',
      ),
      'a value that Istio excludes': istioPolicy(
        '{ action: DENY, rules: [{ to: [{ operation: { paths: ["/a*"], notPaths: ["/a*"], ports: ["80"] } }] }] }',
      ),
      'two conditions of Istio': istioPolicy(
        '{ rules: [{ to: [{ operation: { ports: ["80"] } }], when: [{ key: destination.port, values: ["8080"] }] }] }',
      ),
      'addresses of Istio': istioPolicy(
        '{ rules: [{ from: [{ source: { ipBlocks: [10.0.0.0/8] } }], when: [{ key: source.ip, values: [192.168.0.0/16] }] }] }',
      ),
    },
    innocent: {
      'a part that is excluded': rule("source: { nets: ['10.0.0.0/8'], notNets: ['10.1.0.0/16'] }"),
      'a choice of values': rule(`source: { selector: "app in {'a', 'b'} && app != 'a'" }`),
      'another label': rule("destination: { selector: tier == 'front' }"),
      'the own namespace': calicoPolicy(
        "{ ingress: [{ action: Allow, destination: { namespaceSelector: projectcalico.org/name == 'shop' } }] }",
        'a',
        'shop',
      ),
      'a source like the policy': rule("source: { selector: app == 'db' }"),
      'one of the alternatives': rule("source: { selector: (a == 'x' && a == 'y') || b == 'x' }"),
      'everything but': rule("source: { notSelector: app == 'a', selector: all() }"),
      'named ports': rule('protocol: TCP, destination: { ports: [http], notPorts: [80] }'),
      'several names of a caller': istioPolicy(
        '{ rules: [{ from: [{ source: { principals: ["*"], notPrincipals: ["*/sa/x"] } }] }] }',
      ),
      'two values of one header': istioPolicy(
        '{ rules: [{ when: [{ key: "request.headers[x]", values: [a] }, { key: "request.headers[x]", values: [b] }] }] }',
      ),
    },
  },
  {
    code: 'http-value-literal',
    faults: {
      'a star behind a prefix': http('paths: [{ prefix: "/api/*" }]'),
      'a star behind an exact path': http('methods: [GET], paths: [{ exact: /ok }, { exact: "/api*" }]'),
      'a template': http('paths: [{ exact: "/users/{*}/cart" }]'),
      'a named template': http('paths: [{ prefix: "/users/{id}" }]'),
      'a pattern': http('paths: [{ prefix: "/v[0-9]/a" }]'),
      'a star in a method': http('methods: ["P*"]'),
    },
    innocent: { 'what Calico knows': http('methods: ["*"], paths: [{ prefix: /api }, { exact: /a.b-c_d~ }]') },
  },
  {
    code: 'method-case',
    faults: {
      'small letters': http('methods: [get]'),
      'one of several': http('methods: [GET, Post]'),
      'in a namespace': calicoPolicy('{ ingress: [{ action: Allow, http: { methods: [delete] } }] }', 'a', 'shop'),
      'beside paths': http('methods: [put], paths: [{ prefix: /a }]'),
      'of a staged policy': http('methods: [head]').replace('kind: Global', 'kind: StagedGlobal'),
    },
    innocent: { capitals: http('methods: [GET, "*"]') },
  },
  {
    code: 'empty-list',
    faults: {
      'no nets': rule("source: { nets: [], selector: app == 'a' }"),
      'no ports': rule('protocol: TCP, destination: { ports: [] }'),
      'no service accounts': rule('source: { serviceAccounts: { names: [] } }'),
      'no methods': http('methods: [], paths: [{ prefix: /a }]'),
      'no ports of Kubernetes': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [] }] }',
      ),
    },
    innocent: { 'lists with something in them': rule("source: { nets: ['10.0.0.0/8'] }") },
  },
  {
    code: 'shadowed-rule',
    faults: {
      'behind an Allow of everything': calicoPolicy(
        "{ ingress: [{ action: Allow }, { action: Deny, source: { selector: app == 'x' } }] }",
      ),
      'behind a Deny of everything': calicoPolicy(
        '{ selector: all(), egress: [{ action: Deny }, { action: Allow, protocol: UDP, destination: { ports: [53] } }] }',
      ),
      'behind one that asks less': calicoPolicy(
        "{ ingress: [{ action: Allow, protocol: TCP }, { action: Deny, protocol: TCP, source: { nets: ['10.0.0.0/8'] } }] }",
      ),
      'behind a Pass': calicoPolicy('{ ingress: [{ action: Pass }, { action: Log }] }'),
      'several behind one': calicoPolicy(
        "{ ingress: [{ action: Deny }, { action: Allow, source: { selector: app == 'x' } }, { action: Allow, protocol: TCP }] }",
      ),
      'several beside one': networkPolicy(
        '{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }, {}, { ports: [{ port: 81 }] }] }',
      ),
      'beside everything, in Kubernetes': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }, {}] }',
      ),
      'the same peers and fewer ports': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }, { from: [{ podSelector: {} }], ports: [{ port: 80 }] }] }',
      ),
    },
    innocent: {
      'Log before Deny': calicoPolicy('{ ingress: [{ action: Log }, { action: Deny }] }'),
      'everything at the end': calicoPolicy(
        "{ ingress: [{ action: Allow, source: { selector: app == 'x' } }, { action: Deny }] }",
      ),
      'behind an Allow by http': calicoPolicy(
        '{ ingress: [{ action: Allow, http: { methods: [GET] } }, { action: Deny }] }',
      ),
      'other ports': networkPolicy(
        '{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }, { ports: [{ port: 81 }] }] }',
      ),
    },
  },
  {
    code: 'direction-idle',
    faults: {
      'an empty egress without types': networkPolicy('{ podSelector: {}, egress: [] }'),
      'an empty egress beside ingress': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }], egress: [] }',
      ),
      'egress rules with other types': networkPolicy(
        '{ podSelector: {}, policyTypes: [Ingress], egress: [{ ports: [{ port: 53, protocol: UDP }] }] }',
      ),
      'ingress rules with other types': networkPolicy(
        '{ podSelector: {}, policyTypes: [Egress], ingress: [{ from: [{ podSelector: {} }] }], egress: [{}] }',
      ),
      'an empty egress of Calico': calicoPolicy('{ selector: all(), egress: [] }'),
      'an empty ingress of Calico beside egress': calicoPolicy(
        "{ ingress: [], egress: [{ action: Allow, destination: { nets: ['10.0.0.0/8'] } }] }",
      ),
      'rules of Calico with other types': calicoPolicy('{ types: [Ingress], egress: [{ action: Deny }] }', 'a', 'shop'),
      'a staged policy': networkPolicy('{ podSelector: {}, egress: [] }')
        .replace('networking.k8s.io/v1', 'projectcalico.org/v3')
        .replace('kind: NetworkPolicy', 'kind: StagedKubernetesNetworkPolicy'),
    },
    innocent: {
      'with types': networkPolicy('{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: [] }'),
      'an empty ingress': networkPolicy('{ podSelector: {}, ingress: [] }'),
      'an empty list that generators write': networkPolicy(
        '{ podSelector: {}, policyTypes: [Ingress], egress: [], ingress: [{}] }',
      ),
      'egress rules without types': networkPolicy('{ podSelector: {}, egress: [{ ports: [{ port: 53 }] }] }'),
    },
  },
  {
    code: 'empty-from',
    faults: {
      'before ports': networkPolicy('{ podSelector: {}, ingress: [{ from: [], ports: [{ port: 80 }] }] }'),
      alone: networkPolicy('{ podSelector: { matchLabels: { app: a } }, ingress: [{ from: [] }] }'),
      'in a second rule': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }, { from: [], ports: [{ port: 80 }] }] }',
      ),
      'with types': networkPolicy(
        '{ podSelector: {}, policyTypes: [Ingress], ingress: [{ ports: [{ port: web }], from: [] }] }',
      ),
      'of Istio': istioPolicy('{ rules: [{ from: [], to: [{ operation: { methods: [GET] } }] }] }'),
    },
    innocent: {
      'nothing written': networkPolicy('{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] }'),
      'everybody, said so': networkPolicy('{ podSelector: {}, ingress: [{}] }'),
    },
  },
  {
    code: 'empty-to',
    faults: {
      'before ports': networkPolicy('{ podSelector: {}, egress: [{ to: [], ports: [{ port: 53 }] }] }'),
      alone: networkPolicy('{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [] }] }'),
    },
    innocent: { 'nothing written': networkPolicy('{ podSelector: {}, egress: [{ ports: [{ port: 80 }] }] }') },
  },
  {
    code: 'split-rule',
    faults: {
      'a dash before ports': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: a } } }] }, { ports: [{ port: 5432 }] }] }',
      ),
      'of egress': networkPolicy(
        '{ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }, { ports: [{ port: 443 }] }] }',
      ),
      'with types': networkPolicy(
        '{ podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ namespaceSelector: {} }] }, { ports: [{ port: 80 }] }] }',
      ),
    },
    innocent: {
      'one rule': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] }',
      ),
      'ports for everybody first': networkPolicy(
        '{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }, { from: [{ namespaceSelector: {} }] }] }',
      ),
    },
  },
  {
    code: 'policies-shadowed',
    faults: {
      'an Allow before the policies of tenants': `${calicoPolicy('{ order: 999, selector: all(), types: [Ingress], ingress: [{ action: Allow }] }')}${isolated}${tenant}`,
      'an Allow behind another rule': `${tenant}${calicoPolicy("{ order: 10, ingress: [{ action: Deny, source: { nets: ['192.0.2.0/24'] } }, { action: Log }, { action: Allow }] }")}`,
      'an Allow for all pods but of some namespaces': `${tenant}${calicoPolicy(`{ order: 1, selector: projectcalico.org/orchestrator == 'k8s', namespaceSelector: "projectcalico.org/name not in {'kube-system'}", ingress: [{ action: Allow }] }`)}`,
      'an Allow of the very order of the tenants': `${tenant}${calicoPolicy('{ order: 1000, ingress: [{ action: Allow }] }', 'allow')}`,
      'a Deny before a tenant': `${isolated}${calicoPolicy('{ order: 1, ingress: [{ action: Deny }] }', 'deny', 'team-a')}`,
      'an Allow in an earlier tier': `${tier('platform', 100)}${calicoPolicy('{ tier: platform, ingress: [{ action: Allow }] }', 'platform.allow')}${tenant}`,
      'a tier that passes nothing on': `${tier('platform', 100)}${calicoPolicy("{ tier: platform, selector: all(), ingress: [{ action: Allow, source: { nets: ['10.0.0.0/8'] } }] }", 'platform.some')}${tenant}`,
      'an Allow before another policy of Calico': `${calicoPolicy("{ order: 1, selector: app == 'a', egress: [{ action: Allow }] }")}${calicoPolicy("{ order: 2, selector: app == 'a' && tier == 'b', egress: [{ action: Deny, destination: { nets: ['10.0.0.0/8'] } }] }", 'later')}`,
      'everything allowed in a namespace': `${tenant}${networkPolicy('{ podSelector: {}, ingress: [{}] }', 'allow-all', 'team-a')}`,
    },
    innocent: {
      'the same twice': `${calicoPolicy('{ order: 1, ingress: [{ action: Allow }] }')}${calicoPolicy('{ order: 2, ingress: [{ action: Allow }] }', 'b')}`,
      'a Deny at the end': `${tenant}${calicoPolicy('{ order: 2000, ingress: [{ action: Deny }] }')}`,
      'an Allow behind the tenants': `${tenant}${calicoPolicy('{ order: 1001, ingress: [{ action: Allow }] }')}`,
      'an Allow of some pods': `${isolated}${calicoPolicy("{ order: 1, selector: app == 'x', ingress: [{ action: Allow }] }")}`,
      'an Allow in the other direction': `${tenant}${calicoPolicy('{ order: 1, types: [Egress], egress: [{ action: Allow }] }')}`,
      'a Pass in an earlier tier': `${tier('platform', 100)}${calicoPolicy('{ tier: platform, ingress: [{ action: Pass }] }', 'platform.pass')}${tenant}`,
      'a tier that passes by default': `${tier('platform', 100, ', defaultAction: Pass')}${calicoPolicy("{ tier: platform, ingress: [{ action: Allow, source: { nets: ['10.0.0.0/8'] } }] }", 'platform.some')}${tenant}`,
      'a staged policy': `${tenant}${calicoPolicy('{ order: 1, ingress: [{ action: Allow }] }').replace('kind: Global', 'kind: StagedGlobal')}`,
      'another namespace': `${tenant}${calicoPolicy('{ order: 1, ingress: [{ action: Allow }] }', 'a', 'team-b')}`,
      'isolation beside rules': `${isolated}${tenant}`,
      'an Allow by http': `${tenant}${calicoPolicy('{ order: 1, ingress: [{ action: Allow, http: { methods: [GET] } }] }')}`,
    },
  },
];

describe('what policies of the network do not do', () => testPlanted(planted, checked));

describe('the fix of direction-idle', () => {
  const rows: readonly { name: string; text: string; want: string }[] = [
    { name: 'an empty egress alone', text: networkPolicy('{ podSelector: {}, egress: [] }'), want: 'write policyTypes: [Egress]' },
    { name: 'an empty egress beside ingress', text: networkPolicy('{ podSelector: {}, ingress: [{}], egress: [] }'), want: 'write policyTypes: [Ingress, Egress]' },
    { name: 'an empty egress beside an empty ingress', text: networkPolicy('{ podSelector: {}, ingress: [], egress: [] }'), want: 'write policyTypes: [Ingress, Egress]' },
    { name: 'egress rules beside the type of the other', text: networkPolicy('{ podSelector: {}, policyTypes: [Ingress], egress: [{}] }'), want: 'write policyTypes: [Ingress, Egress]' },
    { name: 'ingress rules beside the type of the other', text: networkPolicy('{ podSelector: {}, policyTypes: [Egress], ingress: [{}] }'), want: 'write policyTypes: [Ingress, Egress]' },
    { name: 'an empty ingress of Calico beside egress', text: calicoPolicy('{ ingress: [], egress: [{ action: Deny }] }'), want: 'write types: [Ingress, Egress]' },
  ]; // biome-ignore format: a table
  for (const { name, text, want } of rows)
    it(`names every direction in which the policy is to act: ${name}`, () => {
      assert.deepEqual(
        checked(text).flatMap(({ code, fix }) => (code === 'direction-idle' ? [fix] : [])),
        [want],
      );
    });
});
