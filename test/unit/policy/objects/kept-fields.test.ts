import assert from 'node:assert/strict';
import { keptFields } from '../../../../src/policy/objects/kept-fields.ts';

describe('keptFields', () => {
  it("keeps the named ports of a pod's containers, sidecars too", () => {
    const ports = (name: string) => [{ name, containerPort: 80, hostPort: 81 }, { containerPort: 82 }];
    const spec = {
      serviceAccountName: 'web',
      containers: [{ name: 'main', image: 'x', ports: ports('http') }],
      initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always', ports: ports('metrics') }],
    };
    const kept = keptFields({ metadata: { name: 'a', namespace: 'b' }, spec }, { apiVersion: 'v1', kind: 'Pod' });
    assert.deepEqual(kept['spec'], {
      serviceAccountName: 'web',
      containers: [{ name: '0', ports: [{ name: 'http', containerPort: 80 }] }],
      initContainers: [{ name: '1', ports: [{ name: 'metrics', containerPort: 80 }] }],
    });
  });
});
