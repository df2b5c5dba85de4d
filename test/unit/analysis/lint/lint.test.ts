import assert from 'node:assert/strict';
import { lint } from '../../../../src/analysis/lint/lint.ts';
import { encodeRequestForm } from '../../../../src/analysis/request-form.ts';
import { unguarded } from '../../../../src/authz/question.ts';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { joinPolicies } from '../../../../src/policy/load.ts';
import type { Absence } from '../../../../src/policy/model.ts';
import { createOwnerIndex } from '../../../../src/policy/owners.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';
import { calicoCheck } from '../../../differential/calico-player.ts';

function findingsOf(policies: string, registry: string) {
  const files = [
    readPolicies('policies.yaml', policies, usualDialect),
    readPolicies('registry.yaml', registry, { ...usualDialect, kinds: registryKinds }),
  ];
  assert.deepEqual(
    files.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error')),
    [],
  );
  const join = (absence: Absence) =>
    joinPolicies(files, {
      generation: 1,
      absence,
      rootNamespace: 'istio-system',
      planes: { calico: 'enforce', l4: 'enforce' },
    }).model;
  const model = join('upstream');
  const found = lint({
    model,
    strict: join('strict'),
    options: unguarded,
    trustDomain: 'cluster.local',
    ownerOf: createOwnerIndex(model.registry, []),
  });
  return found;
}

const pod = (name: string, address: string, port = 'http', namespace = 'shop'): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: c, ports: [{ name: ${port}, containerPort: 8080 }] }] }
status: { phase: Running, podIPs: [{ ip: ${address} }] }
`;
const namespace = `---
apiVersion: v1
kind: Namespace
metadata: { name: shop, annotations: { gatehouse.dev/owner: team-shop } }
`;
const registry = namespace + pod('cart', '10.0.0.1') + pod('web', '10.0.0.2') + pod('batch', '10.0.0.3');

const allow = (rules: string, action = 'ALLOW'): string => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: cart, namespace: shop }
spec: { selector: { matchLabels: { app: cart } }, action: ${action}, rules: ${rules} }
`;
const strict = `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`;
const calico = (rule: string, kind = 'GlobalNetworkPolicy', more = ''): string => `---
apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: guard, ${kind === 'NetworkPolicy' ? 'namespace: shop, ' : ''}annotations: { gatehouse.dev/owner: platform } }
spec: { selector: app == 'cart', ${more}ingress: [${rule}] }
`;
const network = (spec: string): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: net, namespace: shop }
spec: ${spec}
`;
const web = '[{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}], to: [{operation: {methods: [GET]}}]}]';
const covered = network('{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}] }');

const cases: readonly {
  readonly name: string;
  readonly policies: string;
  readonly registry?: string;
  readonly has: readonly string[];
  readonly not?: readonly string[];
  readonly owners?: readonly string[];
}[] = [
  {
    name: 'an L7 allow that L4 forbids, with both owners',
    policies: allow(web) + strict + calico("{action: Allow, protocol: TCP, source: {selector: app == 'batch'}}"),
    has: ['error l7-allow-l4-deny', 'warning l4-hole-unused'],
    owners: ['team-shop', 'platform'],
  },
  {
    name: 'no contradiction where the network lets the caller in',
    policies:
      allow(web) +
      strict +
      calico(
        "{action: Allow, protocol: TCP, source: {serviceAccounts: {names: [web]}, namespaceSelector: projectcalico.org/name == 'shop'}}",
      ),
    has: [],
    not: [
      'error l7-allow-l4-deny',
      'warning l4-hole-unused',
      'warning service-account-unscoped',
      'warning tenant-controlled-label',
    ],
  },
  {
    name: 'a port of an L7 allow that L4 opens to nobody',
    policies:
      allow(
        "[{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}], to: [{operation: {ports: ['80', '8080']}}]}]",
      ) +
      strict +
      network(
        '{ podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }] }',
      ),
    has: ['warning l7-allow-l4-deny'],
    not: ['error l7-allow-l4-deny'],
  },
  {
    name: 'no contradiction where L7 names no ports and L4 some',
    policies:
      allow(web) +
      strict +
      network(
        '{ podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }] }',
      ),
    has: [],
    not: ['warning l7-allow-l4-deny', 'error l7-allow-l4-deny'],
  },
  {
    name: 'an L7 allow to which L4 opens only a port that the pod does not have',
    policies:
      allow(web) +
      strict +
      network(
        '{ podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 9080 }] }] }',
      ),
    has: ['error l7-allow-l4-deny'],
  },
  {
    name: "an L7 allow that the caller's own egress forbids",
    policies:
      allow(web) +
      strict +
      network('{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [] }'),
    has: ['error l7-allow-l4-deny'],
  },
  {
    name: 'a workload with L4 allow and no L7 policy',
    policies:
      allow(web) +
      network('{ podSelector: { matchLabels: { app: batch } }, ingress: [{ from: [{ podSelector: {} }] }] }'),
    has: ['warning l7-missing'],
  },
  {
    name: 'a DENY by principal that plaintext gets past',
    policies: allow('[{from: [{source: {principals: [cluster.local/ns/shop/sa/batch]}}]}]', 'DENY') + covered,
    has: ['error identity-without-mtls'],
  },
  {
    name: 'an ALLOW by notPrincipals that plaintext meets',
    policies: allow('[{from: [{source: {notPrincipals: [cluster.local/ns/shop/sa/batch]}}]}]') + covered,
    has: ['error identity-without-mtls'],
    not: ['error absence-dependent'],
  },
  {
    name: 'nothing of the kind under STRICT',
    policies: allow('[{from: [{source: {principals: [cluster.local/ns/shop/sa/batch]}}]}]', 'DENY') + strict + covered,
    has: [],
    not: ['error identity-without-mtls', 'warning identity-without-mtls'],
  },
  {
    name: 'a service account name without namespace',
    policies: calico('{action: Allow, source: {serviceAccounts: {names: [web]}}}'),
    has: ['warning service-account-unscoped', 'error absence-dependent', 'warning trust-domain-blind'],
    not: ['warning tenant-controlled-label'],
  },
  {
    name: 'a label that any tenant may set',
    policies: calico("{action: Allow, source: {selector: app == 'web'}}"),
    has: ['warning tenant-controlled-label'],
  },
  {
    name: 'no tenant escape in a namespaced policy',
    policies: calico("{action: Allow, source: {selector: app == 'web'}}", 'NetworkPolicy'),
    has: [],
    not: ['warning tenant-controlled-label', 'warning service-account-unscoped'],
  },
  {
    name: 'an http clause that a connection without HTTP meets',
    policies: calico('{action: Allow, http: {methods: [GET]}}'),
    has: ['error absence-dependent'],
  },
  {
    name: 'nothing absent behind a Deny by a range of a network set',
    policies: `${calico("{action: Deny, source: {selector: netset == 'bad'}}, {action: Allow}")}---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: bad, labels: { netset: bad } }
spec: { nets: [192.0.2.0/24] }
`,
    has: [],
    not: ['error absence-dependent', 'warning absence-dependent'],
  },
  {
    name: 'an HTTP rule on a port that is not HTTP',
    policies: allow(web) + strict + covered,
    registry: namespace + pod('cart', '10.0.0.1', 'redis') + pod('web', '10.0.0.2'),
    has: ['warning http-rule-on-other-port'],
  },
  {
    name: 'a policy that selects nothing',
    policies: allow(web).replace('app: cart', 'app: gone') + covered,
    has: ['warning selects-nothing'],
  },
  {
    name: 'only a hint where the registry has nothing of the namespace',
    policies: allow(web).replace('namespace: shop', 'namespace: bank') + covered,
    has: ['hint selects-nothing'],
    not: ['warning selects-nothing'],
  },
  {
    name: 'only a hint where the namespace is declared and has no workloads, however like another its name is',
    policies: allow(web).replace('namespace: shop', 'namespace: shpo') + covered,
    registry: `${namespace}${pod('cart', '10.0.0.1')}${pod('web', '10.0.0.2')}---
apiVersion: v1
kind: Namespace
metadata: { name: shpo }
`,
    has: ['hint selects-nothing'],
    not: ['warning selects-nothing'],
  },
  {
    name: 'only a hint where the namespace is one of a row, as teams and regions are',
    policies: allow(web).replace('namespace: shop', 'namespace: team-b') + covered,
    registry: registry + pod('ledger', '10.0.1.1', 'http', 'team-a'),
    has: ['hint selects-nothing'],
    not: ['warning selects-nothing'],
  },
  {
    name: 'a misspelt namespace',
    policies: allow(web).replace('namespace: shop', 'namespace: shpo') + covered,
    has: ['warning selects-nothing'],
  },
  {
    name: 'a named port that nobody has',
    policies: calico('{action: Allow, protocol: TCP, destination: {ports: [metrics]}}'),
    has: ['warning named-port-unknown'],
  },
  {
    name: 'a gap of default deny beside pods of the same namespace that are covered',
    policies: network('{ podSelector: { matchLabels: { app: cart } }, ingress: [] }'),
    has: ['warning default-deny-gap'],
  },
  {
    name: 'a hint of a namespace without network policies beside one that has some',
    policies: covered,
    registry: registry + pod('ledger', '10.0.1.1', 'http', 'bank'),
    has: ['hint default-deny-gap'],
    not: ['warning default-deny-gap'],
  },
  {
    name: 'no gap where nobody uses network policies, or none of that direction',
    policies: allow(web),
    has: [],
    not: ['warning default-deny-gap', 'hint default-deny-gap'],
  },
  {
    name: 'no gap in a direction that no policy acts on',
    policies: network('{ podSelector: {}, ingress: [] }'),
    has: [],
    not: ['warning default-deny-gap', 'hint default-deny-gap'],
  },
  {
    name: 'no unused hole at a workload that is in no mesh',
    policies: `${strict}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nothing, namespace: istio-system }
spec: {}
${network('{ podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: {} }] }] }')}`,
    has: [],
    not: ['warning l4-hole-unused', 'warning l7-missing'],
  },
  {
    name: 'an unused hole at a workload in the mesh by the label of its namespace',
    policies: `${strict}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nothing, namespace: istio-system }
spec: {}
${network('{ podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: {} }] }] }')}`,
    registry: registry.replace(
      'name: shop, annotations',
      'name: shop, labels: { istio-injection: enabled }, annotations',
    ),
    has: ['warning l4-hole-unused'],
  },
  {
    name: 'no tenant behind a Service, which is of one namespace',
    policies: calico('{action: Allow, source: {services: {name: web, namespace: shop}}}'),
    registry: `${registry}---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`,
    has: [],
    not: ['warning tenant-controlled-label'],
  },
  {
    name: 'nothing absent where another thing than the certificate, which is told by itself, is the cause',
    policies: allow('[{when: [{key: "request.auth.claims[group]", values: [guests]}]}]', 'DENY'),
    has: [],
    not: ['error absence-dependent', 'warning absence-dependent'],
  },
  {
    name: 'nothing absent where only no certificate matters and that is told as a want of mTLS',
    policies: allow('[{from: [{source: {principals: [cluster.local/ns/shop/sa/batch]}}]}]', 'DENY'),
    has: ['error identity-without-mtls'],
    not: ['error absence-dependent', 'warning absence-dependent'],
  },
  {
    name: 'an ALLOW that a DENY takes whole, and no ALLOW of which something is left',
    policies:
      allow('[{to: [{operation: {paths: [/admin*]}}]}]', 'DENY').replace('name: cart', 'name: no-admin') +
      allow('[{to: [{operation: {methods: [GET], paths: [/admin/users]}}]}]') +
      allow('[{to: [{operation: {paths: [/a*]}}]}]').replace('name: cart', 'name: more'),
    has: ['warning rule-shadowed'],
    not: ['hint rule-redundant', 'warning rule-never-holds'],
  },
  {
    name: 'no ALLOW shadowed by a DENY for other workloads',
    policies:
      allow('[{to: [{operation: {paths: [/admin*]}}]}]', 'DENY')
        .replace('name: cart', 'name: no')
        .replace('app: cart', 'app: web') + allow('[{to: [{operation: {methods: [GET], paths: [/admin/users]}}]}]'),
    has: [],
    not: ['warning rule-shadowed'],
  },
  {
    name: 'a rule that another policy makes redundant',
    policies:
      allow('[{to: [{operation: {methods: [GET], ports: ["8080"]}}]}]') +
      allow('[{to: [{operation: {ports: ["8000", "8080"]}}]}]')
        .replace('name: cart', 'name: all')
        .replace('selector: { matchLabels: { app: cart } }, ', ''),
    has: ['hint rule-redundant'],
    not: ['warning rule-shadowed'],
  },
  {
    name: 'a rule that two others make redundant together',
    policies: allow(
      '[{to: [{operation: {methods: [GET, POST], ports: ["8080"]}}]}, {to: [{operation: {methods: [GET]}}]}, {to: [{operation: {methods: [POST]}}]}]',
    ),
    has: ['hint rule-redundant'],
    not: ['warning rule-shadowed'],
  },
  {
    name: 'a rule of Calico behind one of another effect',
    policies: calico(
      "{action: Deny, protocol: TCP, destination: {ports: ['8000:9000']}}, {action: Allow, protocol: TCP, destination: {ports: [8080]}}",
    ),
    has: ['warning rule-shadowed'],
    not: ['hint rule-redundant'],
  },
  {
    name: 'a rule in a later tier than the one that decides',
    policies:
      `---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: platform }
spec: { order: 10, defaultAction: Pass }
` +
      calico(
        '{action: Deny, protocol: TCP, destination: {ports: [8080]}}',
        'GlobalNetworkPolicy',
        'tier: platform, ',
      ).replace('name: guard', 'name: platform.guard') +
      calico(
        "{action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [8080]}}",
        'NetworkPolicy',
      ),
    has: ['warning rule-shadowed'],
    not: ['hint rule-redundant'],
  },
  {
    name: 'nothing of a rule in a later tier for which a Pass keeps something',
    policies:
      `---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: platform }
spec: { order: 10, defaultAction: Pass }
` +
      calico(
        "{action: Pass, source: {selector: app == 'web'}}, {action: Deny, protocol: TCP, destination: {ports: [8080]}}",
        'GlobalNetworkPolicy',
        'tier: platform, ',
      ).replace('name: guard', 'name: platform.guard') +
      calico(
        "{action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [8080]}}",
        'NetworkPolicy',
      ),
    has: [],
    not: ['warning rule-shadowed', 'hint rule-redundant'],
  },
  {
    name: 'nothing of rules on ICMP, whose types no model holds',
    policies: calico(
      '{action: Deny, protocol: ICMP, icmp: {type: 0}}, {action: Allow, protocol: ICMP, icmp: {type: 8}}',
    ),
    has: [],
    not: ['warning rule-shadowed', 'hint rule-redundant', 'warning rule-never-holds'],
  },
  {
    name: 'methods that the network does not see: in its plane such rules are alike, in that of HTTP they are not',
    policies: calico(
      '{action: Allow, protocol: TCP, http: {methods: [GET]}}, {action: Allow, protocol: TCP, http: {methods: [POST]}}',
    ),
    has: [],
    not: ['hint rule-redundant', 'warning rule-shadowed'],
  },
  {
    name: 'a rule on a path that another one has without, and no rule that nothing meets: what it refuses besides is none',
    policies: calico(
      '{action: Allow, protocol: TCP, http: {methods: [GET]}}, {action: Allow, protocol: TCP, http: {methods: [GET], paths: [{exact: /x}]}}',
    ),
    has: ['hint rule-redundant'],
    not: ['warning rule-never-holds'],
  },
  {
    name: 'a NetworkPolicy that another one of its namespace contains',
    policies:
      network(
        '{ podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 8080 }] }] }',
      ) + network('{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }').replace('name: net', 'name: all'),
    has: ['hint rule-redundant'],
    not: ['warning rule-shadowed'],
  },
  { name: 'no gap where both directions are covered', policies: covered, has: [], not: ['warning default-deny-gap'] },
  {
    name: 'nothing over an empty registry',
    policies: allow(web) + calico('{action: Allow}'),
    registry: '',
    has: [],
    not: ['warning selects-nothing', 'warning default-deny-gap'],
  },
];

describe('lint', () => {
  for (const { name, policies, registry: pods = registry, has, not = [], owners } of cases) {
    it(`finds ${name}`, () => {
      const findings = findingsOf(policies, pods);
      const said = new Set(findings.map(({ severity, code }) => `${severity} ${code}`));
      for (const each of has) assert.ok(said.has(each), `${each} is missing in ${[...said].join(', ')}`);
      for (const each of not)
        assert.ok(!said.has(each), `${each}: ${JSON.stringify(findings.find(({ code }) => each.endsWith(code)))}`);
      for (const { line, column, message, fix } of findings)
        assert.ok(line > 0 && column > 0 && message !== '' && fix !== '');
      if (owners !== undefined) assert.deepEqual(findings.find(({ code }) => has[0]!.endsWith(code))?.owners, owners);
    });

    it(`shows ${name} by requests that Check decides so`, () => {
      for (const { witness, code } of findingsOf(policies, pods)) {
        if (witness === null || witness.assuming !== '') continue;
        for (const { plane, decision } of witness.planes) {
          if (plane === 'istio') continue; // always enforced
          const modes = { calico: 'off', l4: 'off', [plane]: 'enforce' } as const;
          const { check } = calicoCheck(withoutIstio(policies), pods, 'upstream', modes);
          const { status } = check(encodeRequestForm(witness.request));
          assert.equal(status?.code === 0 ? 'allow' : 'deny', decision, `${code}: ${JSON.stringify(witness)}`);
        }
      }
    });
  }

  it('goes on where a policy names a header that no request form can have', () => {
    const policy = (name: string): string =>
      `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec: { action: DENY, rules: [{ when: [{ key: "request.headers[__proto__]", values: [a] }] }] }\n`;
    const pods = pod('web', '10.0.0.1') + pod('api', '10.0.0.2');
    assert.doesNotThrow(() => findingsOf(`${policy('a')}---\n${policy('b')}`, pods));
  });
});

/** Its plane cannot be switched off. */
const withoutIstio = (policies: string): string =>
  policies
    .split('---\n')
    .filter((document) => !document.includes('security.istio.io'))
    .join('---\n');
