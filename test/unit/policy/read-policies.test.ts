import assert from 'node:assert/strict';
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { type PolicyFile, type ReadOptions, readPolicies } from '../../../src/policy/read-policies.ts';

const read = (text: string, more: Partial<ReadOptions> = {}): PolicyFile =>
  readPolicies('a.yaml', text, { ...usualDialect, ...more });
const errors = (file: PolicyFile): string[] =>
  file.findings
    .filter(({ severity }) => severity === 'error')
    .map(({ code, line, column }) => `${line}:${column} ${code}`);
const names = (file: PolicyFile): string[] => file.documents.map(({ namespace, name }) => `${namespace}/${name}`);

const policy = (metadata: string, spec = '{}'): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: ${metadata}\nspec: ${spec}\n`;

describe('readPolicies', () => {
  it('reads several documents, lists within lists, and JSON', () => {
    const item = {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'a', namespace: 'x' },
    };
    const list = { apiVersion: 'v1', kind: 'List', items: [{ ...item, metadata: { name: 'b', namespace: 'x' } }] };
    const file = read(
      `${JSON.stringify(item)}\n---\n${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [list] })}\n---\n${policy('{name: c, namespace: x}')}`,
    );
    assert.deepEqual([names(file), errors(file)], [['x/a', 'x/b', 'x/c'], []]);
  });

  it('unfolds a typed list, whose items carry no kind', () => {
    const file = read(
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicyList\nmetadata: {resourceVersion: "1"}\nitems:\n- metadata: {name: a, namespace: x}\n  spec: {}\n- metadata: {name: b, namespace: x}\n  spec: {rule: []}\n',
    );
    assert.deepEqual([names(file), errors(file)], [['x/a', 'x/b'], ['8:10 unknown-field']]);
  });

  it('says once a file that policies of another system are not enforced', () => {
    const cilium = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: a, namespace: x }\n';
    const { findings } = read([cilium, cilium, cilium].join('---\n'));
    assert.deepEqual(
      findings.map(({ code, line }) => `${line} ${code}`),
      ['2 other-system'],
    );
    assert.match(findings[0]!.message, /so it is with 2 more documents of this file$/);
  });

  it('skips and counts what belongs to others', () => {
    const other = (apiVersion: string, kind: string): string =>
      `apiVersion: ${apiVersion}\nkind: ${kind}\nwhatever: [1]\n`;
    const file = read(
      ['v1 ConfigMap', 'apps/v1 Deployment', 'apps/v1 Deployment', 'networking.istio.io/v1 Gateway']
        .map((type) => other(...(type.split(' ') as [string, string]))) // two words each
        .join('---\n'),
    );
    assert.deepEqual([...file.skipped], [['/ConfigMap', 1], ['apps/Deployment', 2], ['networking.istio.io/Gateway', 1]]); // biome-ignore format: a row
    assert.deepEqual(file.findings, []);
  });

  const refused: readonly { name: string; input: string; want: string[]; more?: Partial<ReadOptions> }[] = [
    { name: 'malformed YAML', input: 'a: [', want: ['1:5 yaml-syntax'] },
    { name: 'a text', input: 'hello', want: ['1:1 not-a-document'] },
    { name: 'a list of documents', input: '- kind: AuthorizationPolicy', want: ['1:1 not-a-document'] },
    { name: 'no kind', input: 'apiVersion: v1', want: ['1:1 kind-missing'] },
    { name: 'no apiVersion', input: 'kind: AuthorizationPolicy', want: ['1:1 api-version-missing'] },
    {
      name: 'a misspelt kind of ours',
      input: 'apiVersion: security.istio.io/v1\nkind: AuthorisationPolicy',
      want: ['2:7 kind-unknown'],
    },
    {
      name: 'a version that is not served',
      input: 'apiVersion: security.istio.io/v1alpha1\nkind: AuthorizationPolicy',
      want: ['1:13 version-unknown'],
    },
    { name: 'no namespace', input: policy('{name: a}'), want: ['3:11 namespace-missing'] },
    { name: 'no name', input: policy('{namespace: a}'), want: ['3:11 name-missing'] },
    {
      name: 'no metadata',
      input: 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n',
      want: ['1:1 name-missing', '1:1 namespace-missing'],
    },
    { name: 'a name that Kubernetes refuses', input: policy('{name: A_b, namespace: x}'), want: ['3:18 name-invalid'] },
    {
      name: 'a namespace that Kubernetes refuses',
      input: policy('{name: a, namespace: x/y}'),
      want: ['3:32 namespace-invalid'],
    },
    { name: 'bytes that are no text', input: 'a: \0', want: ['1:1 not-text'] },
    {
      name: 'something behind a separator',
      input: `${policy('{name: a, namespace: x}')}--- {}\n`,
      want: ['5:4 document-separator'],
    },
    {
      name: 'two policies of one name in one file',
      input: `${policy('{name: a, namespace: x}')}---\n${policy('{name: a, namespace: x}')}`,
      want: ['6:1 duplicate-document'],
    },
    {
      name: 'an unknown action',
      input: policy('{name: a, namespace: x}', '{action: PERMIT, rules: [{}]}'),
      want: ['4:16 enum'],
    },
    {
      name: 'an unknown field',
      input: policy('{name: a, namespace: x}', '{rules: [{to: [{operation: {method: [GET]}}]}]}'),
      want: ['4:34 operation-empty', '4:35 unknown-field'],
    },
    {
      name: 'empty rule lists',
      input: policy('{name: a, namespace: x}', '{action: DENY, rules: []}'),
      want: ['4:16 rules-missing'],
    },
    {
      name: 'an unquoted y as a value',
      input: policy('{name: a, namespace: x}', '{rules: [{from: [{source: {namespaces: [y]}}]}]}'),
      want: ['4:47 type'],
    },
    {
      name: 'a namespace outside of its path',
      input: policy('{name: a, namespace: x}'),
      want: ['1:1 namespace-not-allowed'],
      more: { namespaces: ['team-a', 'team-b'] },
    },
    {
      name: 'the root namespace in a confined path',
      input: policy('{name: a, namespace: istio-system}'),
      want: ['1:1 namespace-not-allowed'],
      more: { namespaces: ['team-a'] },
    },
  ];
  for (const { name, input, want, more } of refused) {
    it(`refuses ${name}`, () => assert.deepEqual(errors(read(input, more)), want));
  }

  it('tells all findings of a file, and every broken document does not hide the next', () => {
    const file = read(
      `${policy('{name: a}', '{actoin: ALLOW, rules: [{form: []}]}')}---\nx: [\n---\n${policy('{namespace: b}')}`,
    );
    assert.deepEqual(errors(file), [
      '3:11 namespace-missing',
      '4:8 unknown-field',
      '4:32 unknown-field',
      '7:1 yaml-syntax',
      '10:11 name-missing',
    ]);
    assert.equal(file.findings.find(({ line }) => line === 4)?.fix, 'did you mean action?');
  });

  it('takes unquoted numbers and booleans of metadata as texts, with a warning', () => {
    const file = read(policy('{name: 12, namespace: x, annotations: {istio.io/dry-run: true}}'));
    assert.deepEqual(names(file), ['x/12']);
    assert.deepEqual(
      file.findings.map(({ code, severity, path }) => `${severity} ${code} ${path}`),
      ['warning unquoted-scalar metadata.name', 'warning unquoted-scalar metadata.annotations.istio.io/dry-run'],
    );
  });

  it("weighs the API server's own limits as it is told", () => {
    const long = policy('{name: a, namespace: x}', `{rules: [${Array.from({ length: 513 }, () => '{}').join()}]}`);
    assert.deepEqual(errors(read(long)), ['4:15 too-many']);
    const served = read(long, { forClusters: 'warning' });
    assert.deepEqual([served.hasErrors, names(served)], [false, ['x/a']]);
    assert.ok(served.findings.some(({ code, severity }) => code === 'too-many' && severity === 'warning'));
    const large = `# ${'x'.repeat(1_600_000)}\n${policy('{name: a, namespace: x}')}`;
    assert.deepEqual(errors(read(large)), ['1:1 document-too-large']);
    assert.deepEqual(names(read(large, { forClusters: 'warning' })), ['x/a']);
  });

  it('keeps at most 200 findings of one file, and never loses that there was an error', () => {
    const many = Array.from({ length: 500 }, () => '{when: [{key: source.ip, values: [a]}]}').join(', ');
    const file = read(policy('{name: a, namespace: x}', `{rules: [${many}]}`));
    assert.equal(file.findings.length, 200);
    assert.equal(file.hasErrors, true);
  });
});
