import assert from 'node:assert/strict';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { type ReadOptions, readPolicies } from '../../../../src/policy/read-policies.ts';

const types: Readonly<Record<string, string>> = {
  AuthorizationPolicy: 'security.istio.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  GlobalNetworkPolicy: 'projectcalico.org/v3',
  ClusterNetworkPolicy: 'policy.networking.k8s.io/v1alpha2',
  Namespace: 'v1',
  Pod: 'v1',
  Service: 'v1',
  StatefulSet: 'apps/v1',
  Deployment: 'apps/v1',
  CronJob: 'batch/v1',
  Job: 'batch/v1',
};

/** `SEVERITY CODE PATH` of every finding. */
function findingsOf(kind: string, metadata: string, spec: string, more: Partial<ReadOptions> = {}): string[] {
  const text = `apiVersion: ${types[kind]}\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`;
  const isPolicy = kind.endsWith('Policy');
  return readPolicies('a.yaml', text, {
    ...usualDialect,
    ...(!isPolicy && { kinds: registryKinds }),
    ...more,
  }).findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`);
}

const own = '{name: a, namespace: x}';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly metadata?: string;
  readonly spec?: string;
  readonly want: readonly string[];
}

function all(cases: readonly Case[]): void {
  for (const { name, kind, metadata = own, spec = '{}', want } of cases)
    it(name, () => assert.deepEqual(findingsOf(kind, metadata, spec), want));
}

describe('null, as the server reads it that keeps the kind', () => {
  all([
    { name: 'is absent as a spec', kind: 'AuthorizationPolicy', spec: 'null', want: [] },
    {
      name: 'is absent as metadata that kubectl writes out',
      kind: 'AuthorizationPolicy',
      metadata: '{name: a, namespace: x, creationTimestamp: null, labels: null, annotations: null, finalizers: null}',
      want: [],
    },
    {
      name: 'is absent as a name',
      kind: 'AuthorizationPolicy',
      metadata: '{name: null, namespace: x}',
      want: ['error name-missing metadata.name'],
    },
    {
      name: 'is absent in a rule, which is worth a warning',
      kind: 'AuthorizationPolicy',
      spec: '{action: null, rules: [{from: null, to: [{operation: {methods: [GET], paths: null}}]}]}',
      want: [
        'warning null-value spec.action',
        'warning null-value spec.rules[0].from',
        'warning null-value spec.rules[0].to[0].operation.paths',
      ],
    },
    {
      name: 'is refused in a list of a custom resource',
      kind: 'AuthorizationPolicy',
      spec: '{rules: [null, {from: [{source: {principals: [null]}}]}]}',
      want: ['error type spec.rules[0]', 'error type spec.rules[1].from[0].source.principals[0]'],
    },
    {
      name: 'is absent in a map of texts of a custom resource',
      kind: 'AuthorizationPolicy',
      spec: '{selector: {matchLabels: {app: null, tier: web}}, rules: [{}]}',
      want: ['warning null-value spec.selector.matchLabels.app'],
    },
    {
      name: 'is the empty rule in a list of rules of a NetworkPolicy',
      kind: 'NetworkPolicy',
      spec: '{podSelector: null, ingress: [null]}',
      want: ['warning null-value spec.podSelector', 'warning null-value spec.ingress[0]'],
    },
    {
      name: 'is the empty peer in a list of peers of a NetworkPolicy, which is refused',
      kind: 'NetworkPolicy',
      spec: '{podSelector: {}, ingress: [{from: [null]}]}',
      want: ['warning null-value spec.ingress[0].from[0]', 'error peer-empty spec.ingress[0].from[0]'],
    },
    {
      name: 'stays unknown as a field that nobody knows',
      kind: 'NetworkPolicy',
      spec: '{podSelector: {}, ingres: null}',
      want: ['error unknown-field spec.ingres'],
    },
    {
      name: 'is absent in what belongs to the registry, where it is worth no word',
      kind: 'Deployment',
      spec: '{template: {metadata: {creationTimestamp: null}, spec: null}}',
      want: [],
    },
  ]);

  it('is the empty text as a label that a NetworkPolicy asks for', () => {
    const text = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ${own}\nspec: {podSelector: {matchLabels: {app: null}}}\n`;
    const said = JSON.stringify(readPolicies('a.yaml', text, usualDialect).documents[0]?.contribution);
    assert.ok(said.includes('{"op":"in","key":"app","values":[""]}'), said);
  });
});

describe('what the API server refuses', () => {
  const labels = (text: string): string => `{name: a, namespace: x, labels: ${text}}`;
  all([
    { name: 'a name that ends in a dot', kind: 'NetworkPolicy', metadata: '{name: web., namespace: x}', want: ['error name-invalid metadata.name'] },
    { name: 'a Service of two labels', kind: 'Service', metadata: '{name: web.shop, namespace: x}', want: ['error name-invalid metadata.name'] },
    { name: 'a StatefulSet of two labels', kind: 'StatefulSet', metadata: '{name: web.shop, namespace: x}', want: ['error name-invalid metadata.name'] },
    { name: 'no Deployment of two labels', kind: 'Deployment', metadata: '{name: web.shop, namespace: x}', want: [] },
    { name: 'a Namespace of two labels', kind: 'Namespace', metadata: '{name: web.shop}', want: ['error name-invalid metadata.name'] },
    { name: 'a CronJob of 53 characters', kind: 'CronJob', metadata: `{name: ${'a'.repeat(53)}, namespace: x}`, want: ['error name-invalid metadata.name'] },
    { name: 'no Job with a name to be completed', kind: 'Job', metadata: '{generateName: a-, namespace: x}', want: [] },
    { name: 'a policy with a name to be completed, of which we could not speak', kind: 'NetworkPolicy', metadata: '{generateName: a-, namespace: x}', want: ['error name-missing metadata.name'] },
    { name: 'a label value with a foreign sign', kind: 'NetworkPolicy', metadata: labels('{app: app@x}'), want: ['error label-invalid metadata.labels.app'] },
    { name: 'a label value that ends in a dot', kind: 'Pod', metadata: labels('{app: web.}'), want: ['error label-invalid metadata.labels.app'] },
    { name: 'a label value of 64 characters', kind: 'AuthorizationPolicy', metadata: labels(`{app: ${'a'.repeat(64)}}`), want: ['error label-invalid metadata.labels.app'] },
    { name: 'no empty label value', kind: 'AuthorizationPolicy', metadata: labels('{app: ""}'), want: [] },
    { name: 'a label key with two slashes', kind: 'AuthorizationPolicy', metadata: labels('{a/b/c: x}'), want: ['error label-invalid metadata.labels.a/b/c'] },
    { name: 'a label key with an upper-case prefix', kind: 'AuthorizationPolicy', metadata: labels('{Example.com/a: x}'), want: ['error label-invalid metadata.labels.Example.com/a'] },
    { name: 'no annotation key with an upper-case prefix', kind: 'AuthorizationPolicy', metadata: '{name: a, namespace: x, annotations: {Example.com/a: x}}', want: [] },
    { name: 'an annotation key with a blank', kind: 'AuthorizationPolicy', metadata: '{name: a, namespace: x, annotations: {a b: x}}', want: ['error annotation-invalid metadata.annotations.a b'] },
    { name: 'misspelt labels', kind: 'NetworkPolicy', metadata: '{name: a, namespace: x, lables: {a: b}}', want: ['error unknown-field metadata.lables'] },
    { name: 'a misspelt annotation', kind: 'Deployment', metadata: '{name: a, namespace: x, annotation: {a: b}}', want: ['error unknown-field metadata.annotation'] },
    { name: 'a selector of a label that cannot be', kind: 'NetworkPolicy', spec: '{podSelector: {matchLabels: {app: app@x}}}', want: ['error label-invalid spec.podSelector.matchLabels.app'] },
    {
      name: 'values and keys of expressions that cannot be',
      kind: 'NetworkPolicy',
      spec: '{podSelector: {matchExpressions: [{key: -a, operator: In, values: [web., b]}]}}',
      want: ['error label-invalid spec.podSelector.matchExpressions[0].key', 'error label-invalid spec.podSelector.matchExpressions[0].values[0]'],
    },
    { name: 'a named port with an underscore', kind: 'NetworkPolicy', spec: '{podSelector: {}, ingress: [{ports: [{port: web_admin}]}]}', want: ['error port-name spec.ingress[0].ports[0].port'] },
    { name: 'a named port of digits', kind: 'NetworkPolicy', spec: '{podSelector: {}, ingress: [{ports: [{port: "80"}]}]}', want: ['error port-name spec.ingress[0].ports[0].port'] },
    { name: 'a named port of 16 characters', kind: 'NetworkPolicy', spec: '{podSelector: {}, ingress: [{ports: [{port: aaaaaaaaaaaaaaaa}]}]}', want: ['error port-name spec.ingress[0].ports[0].port'] },
    { name: 'three policy types', kind: 'NetworkPolicy', spec: '{podSelector: {}, policyTypes: [Ingress, Ingress, Egress]}', want: ['error too-many spec.policyTypes'] },
    { name: 'a port of a container with an underscore', kind: 'Pod', spec: '{containers: [{ports: [{name: web_admin, containerPort: 80}]}]}', want: ['error port-name spec.containers[0].ports[0].name'] },
    { name: 'a port of a template with an underscore', kind: 'Deployment', spec: '{template: {spec: {containers: [{ports: [{name: web_admin, containerPort: 80}]}]}}}', want: ['error port-name spec.template.spec.containers[0].ports[0].name'] },
    { name: 'a label of a template that cannot be', kind: 'Deployment', spec: '{template: {metadata: {labels: {app: app@x}}}}', want: ['error label-invalid spec.template.metadata.labels.app'] },
    { name: 'a misspelt field of the metadata of a template', kind: 'Deployment', spec: '{template: {metadata: {lables: {app: a}}}}', want: ['error unknown-field spec.template.metadata.lables'] },
    { name: 'a Service that selects a label that cannot be', kind: 'Service', spec: '{selector: {app: app@x}, ports: [{port: 80}]}', want: ['error label-invalid spec.selector.app'] },
    { name: 'a Service with a target port that cannot be', kind: 'Service', spec: '{selector: {app: a}, ports: [{port: 80, targetPort: web_admin}]}', want: ['error port-name spec.ports[0].targetPort'] },
    {
      name: 'two protocols in one element of a ClusterNetworkPolicy',
      kind: 'ClusterNetworkPolicy',
      metadata: '{name: a}',
      spec: '{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}, udp: {destinationPort: {number: 80}}}]}]}',
      want: ['error too-many spec.ingress[0].protocols[0]'],
    },
    { name: 'no warning, but one, for a label of a custom resource that cannot be', kind: 'AuthorizationPolicy', spec: '{selector: {matchLabels: {app: app@x}}, action: DENY, rules: [{}]}', want: ['warning selector-impossible spec.selector.matchLabels.app'] },
  ]); // biome-ignore format: a table
});

describe('a document without a namespace', () => {
  it('is refused, unless a default is told', () => {
    assert.deepEqual(findingsOf('NetworkPolicy', '{name: a}', '{}'), ['error namespace-missing metadata.namespace']);
    assert.deepEqual(findingsOf('NetworkPolicy', '{name: a}', '{}', { defaultNamespace: 'shop' }), []);
  });

  it('gets the default before the filter, which then sees it', () => {
    const more = { defaultNamespace: 'shop', namespaces: ['team-a'] };
    assert.deepEqual(findingsOf('NetworkPolicy', '{name: a}', '{}', more), [
      'error namespace-not-allowed metadata.namespace',
    ]);
    assert.deepEqual(findingsOf('NetworkPolicy', '{name: a, namespace: team-a}', '{}', more), []);
    assert.deepEqual(
      findingsOf('NetworkPolicy', '{name: a, namespace: null}', '{}', { ...more, namespaces: ['shop'] }),
      [],
    );
  });

  it('keeps none where its kind has none', () => {
    const text = 'apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\nspec: {}\n';
    assert.equal(
      readPolicies('a.yaml', text, { ...usualDialect, defaultNamespace: 'shop' }).documents[0]?.namespace,
      '',
    );
  });
});
