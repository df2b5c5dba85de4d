import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../../../src/analysis/request-form.ts';
import { type Contribution, usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { calicoCheck } from '../../../../differential/calico-player.ts';

function readOne(text: string): Contribution | undefined {
  const file = readPolicies('a.yaml', text, {
    ...usualDialect,
    kinds: registryKinds,
  });
  assert.deepEqual([file.findings, file.documents.length], [[], 1]);
  return file.documents[0]?.contribution;
}

describe('what the API server fills in', () => {
  const cases: readonly { readonly name: string; readonly input: string; readonly want: object }[] = [
    {
      name: 'the service account of a pod, and the protocol of its ports',
      input:
        'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: x}\nspec: {serviceAccountName: "", containers: [{ports: [{name: a, containerPort: 80}, {name: b, containerPort: 81, protocol: ""}, {name: c, containerPort: 82, protocol: null}, {name: d, containerPort: 83, protocol: UDP}]}]}\n',
      want: {
        endpoint: {
          serviceAccount: 'default',
          ports: [
            { name: 'a', port: 80, protocol: 'TCP' },
            { name: 'b', port: 81, protocol: 'TCP' },
            { name: 'c', port: 82, protocol: 'TCP' },
            { name: 'd', port: 83, protocol: 'UDP' },
          ],
        },
      },
    },
    {
      name: 'the service account of a template without a spec',
      input: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: x}\nspec: {template: {}}\n',
      want: { endpoint: { serviceAccount: 'default' } },
    },
    {
      name: 'the service account by its old field',
      input: 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: x}\nspec: {serviceAccount: old}\n',
      want: { endpoint: { serviceAccount: 'old' } },
    },
    {
      name: 'the list of addresses from the single one',
      input: 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: x}\nstatus: {podIP: 10.0.0.7}\n',
      want: { endpoint: { addresses: ['10.0.0.7'] } },
    },
    {
      name: 'the list of addresses from the single one where they differ',
      input:
        'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: x}\nstatus: {podIP: 10.0.0.7, podIPs: [{ip: 10.0.0.8}]}\n',
      want: { endpoint: { addresses: ['10.0.0.7'] } },
    },
    {
      name: 'no second list of addresses where the single one is its first',
      input:
        'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: x}\nstatus: {podIP: 10.0.0.7, podIPs: [{ip: 10.0.0.7}, {ip: "fd00::7"}]}\n',
      want: { endpoint: { addresses: ['10.0.0.7', 'fd00::7'] } },
    },
    {
      name: 'target ports and protocols of a Service',
      input:
        'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: x}\nspec: {selector: {a: b}, ports: [{port: 80}, {port: 81, targetPort: 0}, {port: 82, targetPort: "", protocol: ""}, {port: 83, targetPort: null, protocol: null}, {port: 84, targetPort: http, protocol: UDP}]}\n',
      want: {
        service: {
          ports: [
            { target: '80', protocol: 'TCP' },
            { target: '81', protocol: 'TCP' },
            { target: '82', protocol: 'TCP' },
            { target: '83', protocol: 'TCP' },
            { target: 'http', protocol: 'UDP' },
          ],
        },
      },
    },
    {
      name: 'the labels of the pods of a Job',
      input:
        'apiVersion: batch/v1\nkind: Job\nmetadata: {name: sum, namespace: x}\nspec: {template: {metadata: {labels: {a: b}}}}\n',
      want: { endpoint: { labels: [['a', 'b'], ['job-name', 'sum'], ['batch.kubernetes.io/job-name', 'sum']] } },
    },
    {
      name: 'no labels of the pods of a Job with a selector of its own',
      input:
        'apiVersion: batch/v1\nkind: Job\nmetadata: {name: sum, namespace: x}\nspec: {manualSelector: true, template: {metadata: {labels: {a: b}}}}\n',
      want: { endpoint: { labels: [['a', 'b']] } },
    },
  ]; // biome-ignore format: rows
  for (const { name, input, want } of cases)
    it(name, () => {
      const read: unknown = readOne(input);
      assert.partialDeepStrictEqual(read, want);
    });
});

const pod = (name: string, namespace: string, address: string, spec = ''): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }\nspec: { ${spec} }\nstatus: { podIPs: [{ ip: ${address} }] }\n`;
const space = (name: string, labels = ''): string =>
  `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { ${labels} } }\n`;

describe('policies over what the API server fills in', () => {
  const pods = pod('cart', 'shop', '10.0.0.1', 'serviceAccountName: cart') + pod('agent', 'mon', '10.0.0.2');
  const calico = (source: string): string =>
    `---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: p }\nspec: { selector: app == 'cart', ingress: [{ action: Deny, source: ${source} }, { action: Allow }] }\n`;
  const kubernetes = (from: string): string =>
    `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: shop }\nspec: { podSelector: {}, ingress: [{ from: [${from}] }] }\n---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: { name: a-tier }\n`;
  const cluster = (subject: string): string =>
    `---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: { name: p }\nspec: { tier: Admin, priority: 1, subject: ${subject}, ingress: [{ action: Deny, from: [{ namespaces: { matchLabels: { kubernetes.io/metadata.name: mon } } }] }] }\n---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: { name: a-tier }\n`;
  const byName = calico("{ namespaceSelector: kubernetes.io/metadata.name == 'mon' }");
  const cases: readonly { name: string; policies: string; registry: string; want: boolean; principal?: string }[] = [
    { name: 'a namespace without labels', policies: byName, registry: space('mon') + pods, want: false },
    { name: 'a namespace with another label', policies: byName, registry: space('mon', 'a: b') + pods, want: false },
    { name: 'a namespace that says another name', policies: byName, registry: space('mon', 'kubernetes.io/metadata.name: x') + pods, want: false },
    { name: 'a namespace that is not written down', policies: byName, registry: pods, want: false },
    { name: 'another namespace that says its name', policies: byName.replace('mon', 'other'), registry: space('mon', 'kubernetes.io/metadata.name: other') + pods, want: true },
    { name: 'by Calico’s own label', policies: calico("{ namespaceSelector: projectcalico.org/name == 'mon' }"), registry: pods, want: false },
    { name: 'a namespace in a set', policies: calico(`{ namespaceSelector: "kubernetes.io/metadata.name in {'mon', 'x'}" }`), registry: space('mon') + pods, want: false },
    { name: 'a subject by its namespace', policies: byName.replace("selector: app == 'cart'", "namespaceSelector: kubernetes.io/metadata.name == 'shop'"), registry: space('mon') + space('shop') + pods, want: false },
    { name: 'the service account default', policies: calico('{ serviceAccounts: { names: [default] } }'), registry: pods, want: false },
    { name: 'the service account default by its label', policies: calico("{ serviceAccounts: { selector: projectcalico.org/name == 'default' } }"), registry: pods, want: false },
    { name: 'a NetworkPolicy from a namespace', policies: kubernetes('{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: mon } } }'), registry: space('mon') + pods, want: true },
    { name: 'a NetworkPolicy from another namespace', policies: kubernetes('{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: x } } }'), registry: space('mon') + pods, want: false },
    { name: 'a ClusterNetworkPolicy', policies: cluster('{ namespaces: {} }'), registry: space('mon') + pods, want: false },
    { name: 'a ClusterNetworkPolicy for a namespace', policies: cluster('{ namespaces: { matchLabels: { kubernetes.io/metadata.name: shop } } }'), registry: space('mon') + space('shop') + pods, want: false },
  ]; // biome-ignore format: rows
  for (const plane of ['calico', 'l4'] as const)
    for (const absence of ['upstream', 'strict'] as const)
      for (const { name, policies, registry, want } of cases)
        it(`${name}: ${want ? 'passes' : 'is denied'} (${plane}, ${absence})`, () => {
          const { check, findings } = calicoCheck(policies, registry, absence, { calico: 'off', l4: 'off', [plane]: 'enforce' }); // biome-ignore format: a row
          assert.deepEqual(findings, []);
          const request = encodeRequestForm({
            source: { principal: 'spiffe://cluster.local/ns/mon/sa/default', address: '10.0.0.2' },
            destination: { principal: 'spiffe://cluster.local/ns/shop/sa/cart', address: '10.0.0.1', port: 8080 },
            http: { method: 'GET', path: '/' },
          });
          assert.equal(check(request).status?.code === 0, want);
        });
});
