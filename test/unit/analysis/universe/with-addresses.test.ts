import assert from 'node:assert/strict';
import { createAddressGiver } from '../../../../src/analysis/universe/with-addresses.ts';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { joinKindTables } from '../../../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../../../src/policy/dialects/table.ts';
import { loadPolicies } from '../../../../src/policy/load.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';

/** One pod, in a range of four addresses of which a policy speaks. */
const documents = `apiVersion: v1
kind: Pod
metadata: {name: one, namespace: default}
status: {podIP: 10.0.0.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: narrow, namespace: default}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/30}}]}]}
`;

function modelOf(text: string): PolicyModel {
  const options = {
    ...usualDialect,
    kinds: joinKindTables(policyKinds, registryKinds),
  };
  const join = { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' } as const;
  return loadPolicies([readPolicies('one.yaml', text, options)], join).model;
}

describe('createAddressGiver', () => {
  it('gives what is like the pod of today as long as there is some, and then others, each once', () => {
    const giver = createAddressGiver(modelOf(documents));
    const given = Array.from({ length: 5_000 }, () => giver.nextFor('default'));
    assert.deepEqual(given.slice(0, 3), ['10.0.0.2', '10.0.0.3', '10.255.0.1']);
    assert.equal(new Set(given).size, given.length);
  });
});
