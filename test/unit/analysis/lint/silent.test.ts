import assert from 'node:assert/strict';
import { lint } from '../../../../src/analysis/lint/lint.ts';
import { unguarded } from '../../../../src/authz/question.ts';
import { joinKindTables } from '../../../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../../../src/policy/dialects/table.ts';
import { joinPolicies } from '../../../../src/policy/load.ts';
import type { Absence } from '../../../../src/policy/model.ts';
import { createOwnerIndex } from '../../../../src/policy/owners.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';
import {
  calicoPolicy,
  istioPolicy,
  mesh,
  networkPolicy,
  type Planted,
  testPlanted,
  tokens,
} from '../../../support/planted.ts';

const kinds = joinKindTables(policyKinds, registryKinds);

const deployment = (name: string, namespace = 'shop', port = 8080): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { serviceAccountName: ${name}, containers: [{ name: c, image: i, ports: [{ name: http, containerPort: ${port} }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 80, targetPort: http }] }
`;
const registry = `---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: robot, namespace: shop }
${deployment('cart')}${deployment('web', 'front')}`;

function linted(text: string, unread: readonly string[] = []) {
  const files = [readPolicies('a.yaml', `${registry}${text}`, { ...mesh, kinds })];
  const join = (absence: Absence) =>
    joinPolicies(files, {
      generation: 1,
      absence,
      rootNamespace: mesh.rootNamespace,
      planes: { calico: 'enforce', l4: 'enforce' },
    }).model;
  const model = join('upstream');
  return lint({
    model,
    strict: join('strict'),
    options: unguarded,
    trustDomain: mesh.trustDomain,
    ownerOf: createOwnerIndex(model.registry, []),
    unread,
  });
}

const from = (fields: string, more = ''): string =>
  istioPolicy(`{ ${more} rules: [{ from: [{ source: { ${fields} } }] }] }`);
const peer = (spec: string): string =>
  `---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: p, namespace: shop }\nspec: ${spec}\n`;

const planted: readonly Planted[] = [
  {
    code: 'selects-nothing',
    faults: {
      'an ALLOW of nothing': istioPolicy('{ selector: { matchLabels: { app: crat } } }'),
      'isolation without rules': networkPolicy('{ podSelector: { matchLabels: { app: crat } } }'),
      'a policy of Calico without rules': calicoPolicy("{ selector: app == 'crat', types: [Ingress, Egress] }"),
      tokens: tokens('{ selector: { matchLabels: { app: crat } }, jwtRules: [{ issuer: a }] }'),
      'modes of the transport': peer('{ selector: { matchLabels: { app: crat } }, mtls: { mode: STRICT } }'),
      'another namespace': istioPolicy('{ selector: { matchLabels: { app: cart } }, rules: [{}] }', 'a', 'front'),
    },
    innocent: {
      'a Deployment': istioPolicy('{ selector: { matchLabels: { app: cart } } }'),
      'a namespace': networkPolicy('{ podSelector: {} }'),
      'the mesh': peer('{ mtls: { mode: STRICT } }'),
    },
  },
  {
    code: 'namespace-unknown',
    faults: {
      'a namespace': from('namespaces: [fornt]'),
      'a principal': from('principals: ["cluster.local/ns/fornt/sa/web"]'),
      'a start': from('principals: ["cluster.local/ns/fornt/*"]', 'action: DENY,'),
      'a service account': from('serviceAccounts: ["fornt/web"]'),
      'a name that begins as the platform does': `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: istio-demo }\n${from('namespaces: [istio-dmeo]')}`,
      'a condition': istioPolicy('{ rules: [{ when: [{ key: source.namespace, values: [front, fornt] }] }] }'),
      'a selector of Kubernetes': networkPolicy(
        '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: fornt } } }] }] }',
      ),
      'a selector of Calico': calicoPolicy(
        "{ ingress: [{ action: Allow, source: { namespaceSelector: projectcalico.org/name == 'fornt' } }] }",
      ),
    },
    innocent: {
      'one that is there': from('namespaces: [front, shop, default]'),
      'one of the platform': from(
        'principals: ["cluster.local/ns/istio-system/sa/gateway"], namespaces: [ingress-nginx]',
      ),
      'one of another trust domain': from('principals: ["partner.example/ns/pay/sa/api"]'),
      'one that an installer makes': from('namespaces: [envoy-gateway-system]'),
      'one in which a policy stands': `${istioPolicy('{ rules: [{}] }', 'b', 'payments')}${from('namespaces: [payments]')}`,
      stars: from('namespaces: ["team-*"], principals: ["*/sa/x"]'),
    },
  },
  {
    code: 'service-account-unknown',
    faults: {
      'a principal': from('principals: ["cluster.local/ns/front/sa/webb"]'),
      'a principal of any trust domain': from('principals: ["*/ns/front/sa/webb"]'),
      'an account of the own namespace': from('serviceAccounts: [crat]'),
      'an account of another namespace': from('serviceAccounts: ["front/cart"]', 'action: DENY,'),
      'a negation': from('notPrincipals: ["cluster.local/ns/shop/sa/robto"]', 'action: DENY,'),
      'a rule of Calico': calicoPolicy(
        '{ ingress: [{ action: Allow, source: { serviceAccounts: { names: [crat] } } }] }',
        'a',
        'shop',
      ),
    },
    innocent: {
      'accounts by document and by pod': from(
        'principals: ["cluster.local/ns/shop/sa/robot", "cluster.local/ns/front/sa/web"]',
      ),
      'the account that every namespace has': from('principals: ["cluster.local/ns/shop/sa/default"]'),
      'an alias': from('principals: ["old.example/ns/shop/sa/cart"]'),
    },
  },
  {
    code: 'service-unknown',
    faults: {
      'a misspelt one': calicoPolicy(
        '{ ingress: [{ action: Allow, source: { services: { name: crat } } }] }',
        'a',
        'shop',
      ),
      'one of another namespace': calicoPolicy(
        '{ ingress: [{ action: Allow, source: { services: { name: web, namespace: shop } } }] }',
      ),
      'on the way out': calicoPolicy(
        '{ types: [Egress], egress: [{ action: Allow, destination: { services: { name: webb, namespace: front } } }] }',
      ),
    },
    innocent: {
      'one that is there': calicoPolicy(
        '{ ingress: [{ action: Allow, source: { services: { name: web, namespace: front } } }] }',
      ),
    },
  },
  {
    code: 'service-port',
    faults: {
      'a mode of the transport': peer(
        '{ selector: { matchLabels: { app: cart } }, mtls: { mode: STRICT }, portLevelMtls: { 80: { mode: DISABLE } } }',
      ),
      'a port of Istio': istioPolicy(
        '{ selector: { matchLabels: { app: cart } }, rules: [{ to: [{ operation: { ports: ["80"] } }] }] }',
      ),
      'a condition': istioPolicy('{ action: DENY, rules: [{ when: [{ key: destination.port, values: ["80"] }] }] }'),
      'a port of Kubernetes': networkPolicy(
        '{ podSelector: { matchLabels: { app: cart } }, ingress: [{ ports: [{ port: 80 }] }] }',
      ),
      'a port of Calico': calicoPolicy(
        "{ selector: app == 'cart', ingress: [{ action: Allow, protocol: TCP, destination: { ports: [80] } }] }",
      ),
    },
    innocent: {
      'the port of the container': peer(
        '{ selector: { matchLabels: { app: cart } }, portLevelMtls: { 8080: { mode: DISABLE } } }',
      ),
      'a port of nobody': istioPolicy('{ rules: [{ to: [{ operation: { ports: ["9090"] } }] }] }'),
      'a Service of the same port': `${deployment('api', 'shop', 80)}${networkPolicy('{ podSelector: { matchLabels: { app: api } }, ingress: [{ ports: [{ port: 80 }] }] }')}`,
      'the way out': networkPolicy('{ podSelector: {}, egress: [{ ports: [{ port: 80 }] }] }'),
    },
  },
];

describe('what policies name and the registry does not have', () => testPlanted(planted, linted));

describe('what is said of a policy that selects nothing', () => {
  const agent = `---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent, namespace: shop }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { hostNetwork: true, containers: [{ name: c, image: i }] }
`;
  const of = (app: string): string => networkPolicy(`{ podSelector: { matchLabels: { app: ${app} } } }`);
  const rows: readonly { name: string; input: string; unread?: readonly string[]; want: readonly [string, RegExp] }[] = [
    { name: 'a label like one that is there', input: of('crat'), want: ['warning', /did you mean app: cart\?/] },
    { name: 'the same, whatever else the paths hold', input: of('crat'), unread: ['Helm template'], want: ['warning', /app: cart/] },
    { name: 'pods on the network of their host', input: `${agent}${of('agent')}`, want: ['warning', /hostNetwork/] },
    { name: 'what else the paths hold makes pods', input: of('alerts'), unread: ['monitoring.coreos.com/Alertmanager'], want: ['hint', /kustomize build/] },
    { name: 'what else the paths hold changes pods', input: of('alerts'), unread: ['kustomize.config.k8s.io/Kustomization'], want: ['hint', /kustomize build/] },
    { name: 'what else the paths hold makes none', input: of('alerts'), unread: ['networking.istio.io/Gateway', 'ConfigMap'], want: ['warning', /^correct the selector/] },
  ]; // biome-ignore format: a table
  for (const { name, input, unread = [], want } of rows)
    it(name, () => {
      const told = linted(input, unread).filter(({ code }) => code === 'selects-nothing');
      assert.equal(told.length, 1);
      assert.equal(told[0]?.severity, want[0]);
      assert.match(told[0]?.fix ?? '', want[1]);
    });
});

it('a Service that is misspelt is told with the nearest', () => {
  const egress = calicoPolicy(
    '{ types: [Egress], egress: [{ action: Allow, destination: { services: { name: webb, namespace: front } } }] }',
  );
  const told = linted(egress).find(({ code }) => code === 'service-unknown');
  assert.equal(told?.fix, 'did you mean service front/web?');
});

describe('how loud a name is that the registry does not have', () => {
  const rows: readonly { name: string; input: string; want: readonly [string, RegExp] }[] = [
    { name: 'a namespace like one that is there', input: from('namespaces: [fornt]'), want: ['warning', /did you mean front\?/] },
    { name: 'a namespace like no other', input: from('namespaces: [warehouse]'), want: ['hint', /add the namespace/] },
    { name: 'a namespace as one that is there, with a word more', input: from('namespaces: [front-dev]'), want: ['hint', /add the namespace/] },
    { name: 'an account where others are known', input: from('serviceAccounts: ["front/nobody"]'), want: ['warning', /add the account/] },
    { name: 'an account where none is known', input: `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: empty }\n${from('serviceAccounts: ["empty/api"]')}`, want: ['hint', /add the account/] },
  ]; // biome-ignore format: a table
  for (const { name, input, want } of rows)
    it(name, () => {
      const told = linted(input).filter(({ code }) => /^(namespace|service-account)-unknown$/.test(code));
      assert.deepEqual(
        told.map(({ severity }) => severity),
        [want[0]],
      );
      assert.match(told[0]?.fix ?? '', want[1]);
    });
});
