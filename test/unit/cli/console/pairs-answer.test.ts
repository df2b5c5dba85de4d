import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { answerPairs } from '../../../../src/cli/console/pairs-answer.ts';
import { gatehouseDir } from '../../../support/gatehouse-dir.ts';

const pod = (name: string, address: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: c, image: c, ports: [{ containerPort: 8080 }] }] }
status: { podIP: ${address} }
`;

const allows = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: orders-may, namespace: shop, annotations: { gatehouse.dev/owner: shop-team } }
spec:
  selector: { matchLabels: { app: orders } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }] }]
`;

const denies = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: orders-closed, namespace: shop, annotations: { gatehouse.dev/owner: network-team } }
spec: { podSelector: { matchLabels: { app: orders } }, policyTypes: [Ingress], ingress: [] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web-open, namespace: shop, annotations: { gatehouse.dev/owner: somebody-else } }
spec: { podSelector: { matchLabels: { app: web } }, policyTypes: [Ingress], ingress: [{}] }
`;

describe('answerPairs', () => {
  it('names who answers for each side of a disagreement of planes, and nobody else', async () => {
    await using dir = await gatehouseDir({
      registry: { paths: ['pods.yaml'] },
      policies: { paths: ['policies'], planes: { l4: 'enforce' } },
    });
    writeFileSync(dir.at('pods.yaml'), pod('web', '10.0.0.1') + pod('orders', '10.0.0.2'));
    await dir.policy('allows', allows);
    await dir.policy('denies', denies);
    const { conflicts } = answerPairs(dir.config);
    assert.deepEqual(conflicts, [
      {
        ...{ from: 'shop/web', to: 'shop/orders' },
        ...{ allowedBy: ['istio'], allowedByOwners: ['shop-team'] },
        ...{ deniedBy: ['l4'], deniedByOwners: ['network-team'] },
      },
    ]);
  });
});
