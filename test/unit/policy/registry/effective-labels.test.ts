import assert from 'node:assert/strict';
import { createLabelIndex } from '../../../../src/policy/registry/effective-labels.ts';
import { emptyRegistry } from '../../../../src/policy/registry/registry.ts';

const book = createLabelIndex({
  ...emptyRegistry,
  namespaces: [{ name: 'shop', labels: [['env', 'prod']], owner: '' }],
  serviceAccounts: [{ namespace: 'shop', name: 'web', labels: [['role', 'front']] }],
});
const labelsOf = (labels: readonly (readonly [string, string])[], serviceAccount = 'web') =>
  Object.fromEntries(book.ofEndpoint({ namespace: 'shop', serviceAccount, labels }));

describe('effective labels', () => {
  it('are a pod’s own, what Calico adds, and what it inherits', () => {
    assert.deepEqual(labelsOf([['app', 'web']]), {
      app: 'web',
      'projectcalico.org/namespace': 'shop',
      'projectcalico.org/orchestrator': 'k8s',
      'projectcalico.org/serviceaccount': 'web',
      'pcns.env': 'prod',
      'pcns.projectcalico.org/name': 'shop',
      'pcns.kubernetes.io/metadata.name': 'shop',
      'pcsa.role': 'front',
      'pcsa.projectcalico.org/name': 'web',
    });
  });

  it('let a pod’s own label win over an inherited one, and never over one that Calico sets', () => {
    const labels = labelsOf([
      ['pcns.env', 'dev'],
      ['projectcalico.org/namespace', 'other'],
    ]);
    assert.deepEqual([labels['pcns.env'], labels['projectcalico.org/namespace']], ['dev', 'shop']);
  });

  it('of a network set are its own, and in a namespace those of the namespace', () => {
    const set = { name: 's', labels: [['net', 'x']] as const, nets: [] };
    assert.deepEqual(Object.fromEntries(book.ofNetworkSet({ ...set, namespace: '' })), { net: 'x' });
    assert.equal(book.ofNetworkSet({ ...set, namespace: 'shop' }).get('pcns.env'), 'prod');
  });
});
