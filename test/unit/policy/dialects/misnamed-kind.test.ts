import assert from 'node:assert/strict';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { joinKindTables, type KindTable } from '../../../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../../../src/policy/dialects/table.ts';
import { type PolicyFile, readPolicies } from '../../../../src/policy/read-policies.ts';

const read = (text: string, kinds: KindTable): PolicyFile =>
  readPolicies('a.yaml', text, {
    ...usualDialect,
    kinds,
  });
const documentOf = (type: string): string => {
  const [apiVersion = '', kind = ''] = type.split(' ');
  return `apiVersion: ${JSON.stringify(apiVersion)}\nkind: ${JSON.stringify(kind)}\nmetadata: {name: a, namespace: x}\nspec: {}\n`;
};
const said = ({ findings, skipped }: PolicyFile) => [
  findings.map(({ severity, code, line }) => `${line} ${severity} ${code}`),
  [...skipped.values()],
];

describe('documents that are not read', () => {
  const group = ['1 error group-unknown'];
  const kind = ['2 error kind-unknown'];
  const version = ['1 error version-unknown'];
  const refused: readonly (readonly [type: string, want: string[], fix: RegExp])[] = [
    ['security.istio.oi/v1 AuthorizationPolicy', group, /did you mean security.istio.io\/v1 AuthorizationPolicy\?/],
    ['security.isto.io/v1 AuthorizationPolicy', group, /security.istio.io\/v1 AuthorizationPolicy/],
    ['securty.istio.io/v1 PeerAuthentication', group, /security.istio.io\/v1 PeerAuthentication/],
    ['Security.Istio.IO/v1 RequestAuthentication', group, /security.istio.io\/v1 RequestAuthentication/],
    ['security.istio.io./v1 AuthorizationPolicy', group, /security.istio.io/],
    ['security.istio/v1beta1 AuthorizationPolicy', group, /security.istio.io/],
    ['istio.io/v1 AuthorizationPolicy', group, /security.istio.io/],
    ['networking.istio.io/v1 AuthorizationPolicy', group, /security.istio.io/],
    ['security/v1 AuthorizationPolicy', group, /security.istio.io/],
    ['security.io/v1 AuthorizationPolicy', group, /security.istio.io/],
    ['https://security.istio.io/v1 AuthorizationPolicy', group, /security.istio.io/],
    ['v1/security.istio.io AuthorizationPolicy', group, /security.istio.io/],
    ['networking/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['networking.io/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['networking/k8s.io/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['policy.networking/v1alpha2 ClusterNetworkPolicy', group, /policy.networking.k8s.io/],
    ['security.istio.io AuthorizationPolicy', group, /security.istio.io\/v1 AuthorizationPolicy/],
    ['v1 AuthorizationPolicy', group, /security.istio.io/],
    ['rbac.istio.io/v1alpha1 ServiceRole', group, /AuthorizationPolicy/],
    ['rbac.istio.io/v1alpha1 ServiceRoleBinding', group, /AuthorizationPolicy/],
    ['rbac.istio.io/v1alpha1 ClusterRbacConfig', group, /AuthorizationPolicy/],
    ['authentication.istio.io/v1alpha1 Policy', group, /PeerAuthentication/],
    ['authentication.istio.io/v1alpha1 MeshPolicy', group, /PeerAuthentication/],
    ['v1 policy', group, /projectcalico.org\/v3 NetworkPolicy/],
    ['v1 profile', group, /projectcalico.org\/v3 Profile/],
    ['v1 hostEndpoint', group, /projectcalico.org\/v3 HostEndpoint/],
    ['security.istio.io/v1alpha1 AuthorizationPolicy', version, /security.istio.io\/v1/],
    ['security.istio.io/v2 AuthorizationPolicy', version, /security.istio.io\/v1/],
    ['security.istio.io/ AuthorizationPolicy', version, /security.istio.io\/v1/],
    ['security.istio.io/v1 AuthorizationPolcy', kind, /did you mean AuthorizationPolicy\?/],
    ['security.istio.io/v1 authorizationpolicy', kind, /did you mean AuthorizationPolicy\?/],
    ['security.istio.io/v1 AuthorizationPolicies', kind, /AuthorizationPolicy/],
    ['security.istio.oi/v1 AuthorizationPolcy', group, /security.istio.io\/v1 AuthorizationPolicy/],
    ['projectcalico/v3 GlobalNetworkPolicy', group, /projectcalico.org\/v3 GlobalNetworkPolicy/],
    ['projectcalico.com/v3 GlobalNetworkPolicy', group, /projectcalico.org/],
    ['projectcalio.org/v3 NetworkPolicy', group, /projectcalico.org/],
    ['calico.org/v3 GlobalNetworkSet', group, /projectcalico.org/],
    ['crd.projectcalico/v1 NetworkPolicy', group, /projectcalico/],
    ['crd.projectcalico.com/v1 StagedNetworkPolicy', group, /projectcalico/],
    ['v3 GlobalNetworkPolicy', group, /projectcalico.org/],
    ['projectcalico.org/v1 GlobalNetworkPolicy', version, /projectcalico.org\/v3/],
    ['crd.projectcalico.org/v3 GlobalNetworkPolicy', version, /crd.projectcalico.org\/v1/],
    ['projectcalico.org/v3 GlobalNetwokPolicy', kind, /GlobalNetworkPolicy/],
    ['extensions/v1beta1 NetworkPolicy', group, /networking.k8s.io\/v1 NetworkPolicy/],
    ['apps/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['core/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['policy/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['networking.k8s.oi/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['network.k8s.io/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['networking.kubernetes.io/v1 NetworkPolicy', group, /networking.k8s.io\/v1/],
    ['networking.k8s.io/v1beta1 NetworkPolicy', version, /networking.k8s.io\/v1/],
    ['networking.k8s.io/v1 NetworkPolcy', kind, /NetworkPolicy/],
    ['networking.k8s.io/v1 ClusterNetworkPolicy', kind, /NetworkPolicy/],
    ['policy.networking.k8s.oi/v1alpha2 ClusterNetworkPolicy', group, /policy.networking.k8s.io\/v1alpha2/],
    ['policy.networking.k8s.io/v1alpha1 ClusterNetworkPolicy', version, /v1alpha2/],
    ['policy.networking.k8s.io/v1alpha1 AdminNetworkPolcy', kind, /AdminNetworkPolicy/],
  ]; // biome-ignore format: rows
  for (const [type, want, fix] of refused)
    for (const [how, text] of [
      ['alone', documentOf(type)],
      ['beside another', `${documentOf(type)}---\napiVersion: v1\nkind: ConfigMap\n`],
    ] as const)
      it(`refuses ${type}, ${how}`, () => {
        const file = read(text, policyKinds);
        assert.deepEqual(file.findings.map(({ severity, code, line }) => `${line} ${severity} ${code}`), want); // biome-ignore format: a row
        assert.match(file.findings[0]?.fix ?? '', fix);
      });

  const other = ['2 warning other-system'];
  const passed: readonly (readonly [type: string, want: string[]])[] = [
    ['cilium.io/v2 CiliumNetworkPolicy', other],
    ['cilium.io/v2 CiliumClusterwideNetworkPolicy', other],
    ['cilium.io/v2 ciliumnetworkpolicy', other],
    ['Cilium.io/v2 CiliumNetworkPolicy', other],
    ['cilium.io/v2 CiliumNode', []],
    ['crd.antrea.io/v1beta1 NetworkPolicy', other],
    ['crd.antrea.io/v1beta1 ClusterNetworkPolicy', other],
    ['crd.antrea.io/v1beta1 Tier', []],
    ['consul.hashicorp.com/v1alpha1 ServiceIntentions', other],
    ['policy.linkerd.io/v1alpha1 AuthorizationPolicy', other],
    ['policy.linkerd.io/v1beta3 Server', other],
    ['gateway.envoyproxy.io/v1alpha1 SecurityPolicy', other],
    ['config.istio.io/v1alpha2 rule', other],
    ['template.openshift.io/v1 Template', other],
    ['example.com/v1 AuthorizationPolicy', []],
    ['example.com/v1 NetworkPolicy', []],
    ['kubeflow.org/v1 Profile', []],
    ['networking.istio.io/v1 VirtualService', []],
    ['networking.k8s.io/v1 Ingress', []],
    ['policy/v1 PodDisruptionBudget', []],
    ['rbac.authorization.k8s.io/v1 Role', []],
    ['v1 Node', []],
    ['v1 Pod', []],
    ['__proto__/v1 constructor', []],
    ['constructor/v1 AuthorizationPolicy', []],
  ];
  for (const [type, want] of passed)
    it(`counts ${type}${want.length === 0 ? '' : ', with a warning'}`, () =>
      assert.deepEqual(said(read(documentOf(type), policyKinds)), [want, [1]]));

  const inRegistry: readonly (readonly [type: string, want: string[]])[] = [
    ['v1 Namespaces', kind],
    ['v1 namespace', kind],
    ['v1 Namepsace', kind],
    ['v1 pod', kind],
    ['v1 ServiceAcount', kind],
    ['v2 Pod', version],
    ['apps/v1 Pod', group],
    ['core/v1 Pod', group],
    ['app/v1 Deployment', group],
    ['v1 Deployment', group],
    ['extensions/v1beta1 Deployment', group],
    ['apps/v1beta1 Deployment', version],
    ['apps/v1 Deploymet', kind],
    ['v1 Node', []],
    ['v1 Secret', []],
    ['batch/v1 CronJob', []],
    ['serving.knative.dev/v1 Service', []],
    ['batch.volcano.sh/v1alpha1 Job', []],
    ['cilium.io/v2 CiliumNetworkPolicy', []],
    ['security.istio.io/v1 AuthorizationPolicy', ['2 warning policy-in-registry']],
    ['networking.k8s.io/v1 NetworkPolicy', ['2 warning policy-in-registry']],
  ];
  for (const [type, want] of inRegistry)
    it(`${want.length === 0 ? 'counts' : `says ${want.join()} of`} ${type} in the registry`, () =>
      assert.deepEqual(said(read(documentOf(type), registryKinds))[0], want));

  it('reads both where both are wanted, and no policy is told to lie in the registry', () => {
    const both = joinKindTables(policyKinds, registryKinds);
    const file = read(`${documentOf('networking.k8s.io/v1 NetworkPolicy')}---\n${documentOf('v1 Pod')}`, both);
    assert.deepEqual([said(file), file.documents.length], [[[], []], 2]);
    assert.deepEqual(said(read(documentOf('v1 Namespaces'), both))[0], kind);
    assert.deepEqual(said(read(documentOf('v1 NetworkPolicy'), both))[0], group);
  });

  const lists: readonly { readonly name: string; readonly input: string; readonly want: string[] }[] = [
    { name: 'a misspelt kind inside of a list', input: `{apiVersion: v1, kind: List, items: [{apiVersion: security.istio.oi/v1, kind: AuthorizationPolicy}]}`, want: group },
    { name: 'a list of a misspelt kind', input: `{apiVersion: security.istio.oi/v1, kind: AuthorizationPolicyList, items: [{metadata: {name: a, namespace: x}}]}`, want: group },
    { name: 'a list of a kind that is no more', input: `{apiVersion: extensions/v1beta1, kind: NetworkPolicyList, items: [{metadata: {name: a, namespace: x}}]}`, want: group },
    { name: 'items that are no list', input: '{apiVersion: v1, kind: List, items: {a: 1}}', want: ['1 error type'] },
    { name: 'items that are no list, of a kind', input: '{apiVersion: security.istio.io/v1, kind: AuthorizationPolicyList, items: {a: 1}}', want: ['1 error kind-unknown'] },
    { name: 'a misspelt kind inside of a list in lower case', input: `{apiVersion: v1, kind: list, items: [{apiVersion: security.istio.oi/v1, kind: AuthorizationPolicy}]}`, want: group },
    { name: 'a misspelt kind among the items of another kind', input: `{apiVersion: example.com/v1, kind: Bundle, items: [{apiVersion: security.istio.oi/v1, kind: AuthorizationPolicy}]}`, want: group },
    { name: 'a list whose items are misspelt', input: `{apiVersion: v1, kind: List, Items: [{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy}]}`, want: ['1 error unknown-field'] },
    { name: 'a list that is a policy', input: `{apiVersion: security.istio.io/v1, kind: List, metadata: {name: a, namespace: x}, spec: {action: DENY}}`, want: ['1 error unknown-field'] },
    { name: 'items of another kind that are no documents', input: `{apiVersion: example.com/v1, kind: Bundle, items: [{kind: a}, 1, null]}`, want: [] },
    { name: 'lists that lie too deep', input: `${'{apiVersion: v1, kind: List, items: ['.repeat(6)}{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy}${']}'.repeat(6)}`, want: ['1 error list-too-deep'] },
    { name: 'an empty list', input: '{apiVersion: v1, kind: List, items: []}', want: [] },
    { name: 'a list without items', input: '{apiVersion: v1, kind: List}', want: [] },
  ]; // biome-ignore format: rows
  for (const { name, input, want } of lists)
    it(`${want.length === 0 ? 'takes' : 'refuses'} ${name}`, () =>
      assert.deepEqual(said(read(input, policyKinds))[0], want));

  it('keeps no more names than anybody reads', () => {
    const many = Array.from({ length: 500 }, (_, i) => `apiVersion: x${i}.example/v1\nkind: ${'K'.repeat(300)}\n`);
    const { skipped } = read(many.join('---\n'), policyKinds);
    assert.equal(skipped.size, 201);
    assert.equal(skipped.get('more kinds'), 300);
    assert.ok([...skipped.keys()].every((key) => key.length <= 128));
  });
});
