import assert from 'node:assert/strict';
import type { Finding } from '../../../../src/policy/documents/finding.ts';
import { loadPolicies } from '../../../../src/policy/load.ts';
import { duplicateObject } from '../../../../src/policy/objects/object-findings.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';

const options = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: { one: 'envoy', two: 'envoy' },
} as const;

const istio = (name: string, spec: object): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'x' },
  spec,
});
const calico = (name: string, action: string, order = 5): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec: { order, selector: 'all()', ingress: [{ action }] },
});
const methods = (...some: readonly string[]): object => ({ to: [{ operation: { methods: some } }] });
const custom = (provider: string): object => ({
  action: 'CUSTOM',
  provider: { name: provider },
  rules: [methods('GET')],
});
const other = (kind: string, policy: string, line: number, file = '0.yaml'): object => ({
  ...{ kind, policy, rule: null, file, line, column: 1 },
});

/** Each array is a file, in which each document begins on a line of its own. */
function findingsOf(files: readonly (readonly object[])[]): readonly Finding[] {
  const read = files.map((documents, i) =>
    readPolicies(`${i}.yaml`, documents.map((one) => JSON.stringify(one)).join('\n---\n'), options),
  );
  return loadPolicies(read, { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' }).findings;
}

describe('the others of a finding of check', () => {
  const cases = [
    {
      name: 'a policy of the same order',
      files: [[calico('a', 'Allow')], [calico('b', 'Deny')]],
      code: 'order-tie',
      want: [other('GlobalNetworkPolicy', 'a', 1)],
    },
    {
      name: 'every policy that a network policy leaves nothing, also more than the message names',
      files: [[calico('a', 'Deny', 1)], ['b', 'c', 'd', 'e'].map((name, i) => calico(name, 'Allow', 2 + i))],
      code: 'policies-shadowed',
      want: ['b', 'c', 'd', 'e'].map((name, i) => other('GlobalNetworkPolicy', name, 1 + 2 * i, '1.yaml')),
    },
    {
      name: 'every policy that a policy of Istio leaves nothing',
      files: [
        [istio('a', { rules: [{}] })],
        ['b', 'c', 'd', 'e'].map((name) => istio(name, { rules: [methods('GET')] })),
      ],
      code: 'policies-shadowed',
      want: ['b', 'c', 'd', 'e'].map((name, i) => other('AuthorizationPolicy', `x/${name}`, 1 + 2 * i, '1.yaml')),
    },
    {
      name: 'a policy with another provider',
      files: [[istio('a', custom('one'))], [istio('b', custom('two'))]],
      code: 'several-providers',
      want: [other('AuthorizationPolicy', 'x/a', 1)],
    },
    {
      name: 'a document of the same name',
      files: [[istio('a', { rules: [methods('GET')] })], [istio('a', { rules: [methods('PUT')] })]],
      code: 'duplicate-document',
      want: [other('AuthorizationPolicy', 'x/a', 1)],
    },
    {
      name: 'a document of the same name in one file',
      files: [[istio('b', {}), istio('a', { rules: [methods('GET')] }), istio('a', { rules: [methods('PUT')] })]],
      code: 'duplicate-document',
      want: [other('AuthorizationPolicy', 'x/a', 3)],
    },
    {
      name: 'the same document',
      files: [[istio('a', {})], [istio('a', {})]],
      code: 'duplicate-copy',
      want: [other('AuthorizationPolicy', 'x/a', 1)],
    },
    {
      name: 'none, where a rule stands alone',
      files: [[istio('a', { rules: [methods('get')] })]],
      code: 'method-case',
      want: undefined,
    },
  ];
  for (const { name, files, code, want } of cases)
    it(`names ${name} (${code})`, () => {
      const all = findingsOf(files);
      const [finding] = all.filter((each) => each.code === code);
      assert.ok(finding, JSON.stringify(all));
      assert.equal('others' in finding, want !== undefined);
      assert.deepEqual(finding.others, want);
    });

  it('names the document of a file that an object of a cluster repeats', () => {
    const { documents } = readPolicies('Pod shop/a', JSON.stringify(istio('a', {})), options);
    const place = { file: '/etc/pods.yaml', line: 7, column: 3 };
    const { message, others } = duplicateObject('Pod shop/a', documents[0]!, place);
    assert.match(message, / stands at \/etc\/pods\.yaml:7 already/);
    assert.deepEqual(others, [{ kind: 'AuthorizationPolicy', policy: 'x/a', rule: null, ...place }]);
  });
});
