import assert from 'node:assert/strict';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { type PolicyFile, readPolicies } from '../../../../src/policy/read-policies.ts';

const read = (text: string): PolicyFile => readPolicies('a.yaml', text, usualDialect);
const codes = ({ findings }: PolicyFile): string[] =>
  findings.map(({ severity, code, line }) => `${line} ${severity} ${code}`);

const policy = 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: x}\n';

describe('what lies in a tree beside policies', () => {
  const counted: readonly { readonly name: string; readonly input: string; readonly want: string }[] = [
    { name: 'values', input: 'image: {tag: 1}\nreplicas: 2\n', want: 'no Kubernetes document' },
    { name: 'values with a kind of a workload', input: 'kind: DaemonSet\nreplicas: 2\n', want: 'no Kubernetes document' },
    { name: 'a chart', input: 'apiVersion: v2\nname: web\nversion: 1.0.0\n', want: 'no Kubernetes document' },
    { name: 'a chart of an application', input: 'apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: "2"\n', want: 'no Kubernetes document' },
    { name: 'a kustomization without a type', input: 'resources:\n- a.yaml\nnamespace: shop\n', want: 'no Kubernetes document' },
    { name: 'a kustomization', input: 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n', want: 'kustomize.config.k8s.io/Kustomization' },
    { name: 'a JSON patch', input: '- op: replace\n  path: /spec/rules/0\n  value: {}\n', want: 'no Kubernetes document' },
    { name: 'a JSON patch in JSON', input: '[{"op": "remove", "path": "/spec"}]', want: 'no Kubernetes document' },
    { name: 'a dashboard', input: '{"title": "web", "panels": [{"kind": "x"}], "templating": {"list": []}}', want: 'no Kubernetes document' },
    { name: 'a document of others that is no YAML further in', input: 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: [\n', want: '/ConfigMap' },
    { name: 'a format whose version is a number', input: 'apiVersion: 1\ndatasources: [{name: a}]\n', want: 'no Kubernetes document' },
    { name: 'a kind of Calico Enterprise', input: 'apiVersion: projectcalico.org/v3\nkind: GlobalThreatFeed\nmetadata: {name: a}\n', want: 'projectcalico.org/GlobalThreatFeed' },
    { name: 'a template of others', input: '{{- if .Values.on }}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n{{- end }}\n', want: 'Helm template' },
    { name: 'a template of others, without an action at its start', input: 'apiVersion: apps/v1 # a\nkind: "Deployment"\nmetadata:\n  name: {{ .Release.Name }}\n', want: 'apps/Deployment' },
    { name: 'a template that only decides', input: '{{- if .Values.on }}\n# nothing\n{{- end }}\n', want: 'Helm template' },
  ]; // biome-ignore format: a table
  for (const { name, input, want } of counted)
    it(`is counted: ${name}`, () =>
      assert.deepEqual([codes(read(input)), [...read(input).skipped]], [[], [[want, 1]]]));

  const refused: readonly { readonly name: string; readonly input: string; readonly want: readonly string[] }[] = [
    { name: 'a policy without apiVersion', input: 'kind: AuthorizationPolicy\nrules: []\n', want: ['1 error api-version-missing'] },
    { name: 'a policy without kind', input: 'apiVersion: security.istio.io/v1\nrules: []\n', want: ['1 error kind-missing'] },
    { name: 'a field that is half written', input: 'apiVersion:', want: ['1 error api-version-missing'] },
    { name: 'a kind that is half written', input: 'apiVersion: security.istio.io/v1\nkind: A', want: ['2 error kind-unknown'] },
    { name: 'a document without either', input: 'metadata: {name: a}\nspec: {}\n', want: ['1 error api-version-missing'] },
    { name: 'a policy whose version is a number', input: 'apiVersion: 1\nkind: AuthorizationPolicy\n', want: ['1 error api-version-missing'] },
    { name: 'a misspelt apiVersion', input: policy.replace('apiVersion', 'apiversion'), want: ['1 error api-version-missing'] },
    { name: 'a second apiVersion, misspelt, beside a kind', input: policy.replace('apiVersion: security.istio.io/v1', 'apiVersoin: security.istio.io/v1'), want: ['1 error api-version-missing'] },
    { name: 'a misspelt kind', input: policy.replace('kind', 'Kind'), want: ['1 error kind-missing'] },
    { name: 'documents in a list', input: policy.replace(/^/gm, '  ').replace('  api', '- api'), want: ['1 error not-a-document'] },
    { name: 'documents in a list in a list', input: '- - kind: AuthorizationPolicy\n', want: ['1 error not-a-document'] },
    { name: 'a template', input: `{{- if .Values.on }}\n${policy}{{- end }}\n`, want: ['1 error helm-template'] },
    { name: 'a template, however often it is one', input: `{{- if .Values.on }}\n${policy}{{- end }}\n---\n{{- if .Values.on }}\n${policy}{{- end }}\n`, want: ['1 error helm-template'] },
    { name: 'a template without an action of its own line', input: policy.replace('name: a', 'name: {{ .Release.Name }}'), want: ['1 error helm-template'] },
    { name: 'a template that is YAML', input: policy.replace('name: a', 'name: "{{ .Release.Name }}"'), want: ['3 error helm-template'] },
    { name: 'a value that nobody filled in', input: `${policy}spec: {rules: [{from: [{source: {principals: ["{{ .Values.who }}"]}}]}]}\n`, want: ['4 error helm-template'] },
    { name: 'a template whose kind is not told', input: '{{- if .Values.on }}\napiVersion: v1\nkind: {{ .Values.kind }}\n{{- end }}\n', want: ['1 error helm-template'] },
    { name: 'a template that is made elsewhere', input: '{{ include "library.policy" . }}\n', want: ['1 error helm-template'] },
    { name: 'a misspelt kind of ours', input: policy.replace('AuthorizationPolicy', 'AuthorizationPolcy'), want: ['2 error kind-unknown'] },
  ]; // biome-ignore format: a table
  for (const { name, input, want } of refused)
    it(`is never skipped: ${name}`, () => assert.deepEqual(codes(read(input)), want));

  it('is a warning as a kind that a known group does not have, far from every kind of ours', () => {
    const file = read(policy.replace('AuthorizationPolicy', 'Gateway'));
    assert.deepEqual(
      [codes(file), file.hasErrors, [...file.skipped]],
      [['2 warning kind-unknown'], false, [['security.istio.io/Gateway', 1]]],
    );
  });

  it('does not hide the policies of the same file', () => {
    const file = read(`a: 1\n---\n${policy}---\napiVersion: v1\nkind: Secret\ndata: {\n`);
    assert.deepEqual([file.documents.map(({ name }) => name), file.hasErrors], [['a'], false]);
  });
});
