import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../../../src/analysis/request-form.ts';
import { calicoCheck } from '../../../../differential/calico-player.ts';

const pod = (name: string, address: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] }
status: { phase: Running, podIPs: [{ ip: ${address} }] }
`;
const registry = `${pod('cart', '10.0.0.1')}${pod('web', '10.0.0.2')}${pod('batch', '10.0.0.3')}---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { selector: { app: cart }, ports: [{ port: 80, targetPort: http }, { port: 9000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;
const policy = (selector: string, rest: string): string => `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: p, namespace: shop }
spec: { selector: "${selector}", ${rest} }
`;

function allows(policies: string, from: string, port: number, plane: 'calico' | 'l4'): boolean {
  const { check, findings } = calicoCheck(policies, registry, 'upstream', {
    calico: 'off',
    l4: 'off',
    [plane]: 'enforce',
  });
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  const name = { '10.0.0.2': 'web', '10.0.0.3': 'batch' }[from];
  const request = encodeRequestForm({
    source: { principal: `spiffe://cluster.local/ns/shop/sa/${name}`, address: from },
    destination: { principal: 'spiffe://cluster.local/ns/shop/sa/cart', address: '10.0.0.1', port },
  });
  return check(request).status?.code === 0;
}

describe('rules by Service', () => {
  const egress = policy(
    "app == 'web'",
    'types: [Egress], egress: [{ action: Allow, protocol: TCP, destination: { services: { name: cart } } }]',
  );
  const ingress = policy("app == 'cart'", 'ingress: [{ action: Allow, source: { services: { name: web } } }]');

  const cases: readonly {
    readonly name: string;
    readonly policies: string;
    readonly from: string;
    readonly port: number;
    readonly plane: 'calico' | 'l4';
    readonly want: boolean;
  }[] = [
    {
      name: 'let out to the pods behind it at its named target port',
      policies: egress,
      from: '10.0.0.2',
      port: 8080,
      plane: 'l4',
      want: true,
    },
    {
      name: 'let out at a port that is its own target',
      policies: egress,
      from: '10.0.0.2',
      port: 9000,
      plane: 'l4',
      want: true,
    },
    { name: 'let out at no other port', policies: egress, from: '10.0.0.2', port: 80, plane: 'l4', want: false },
    { name: 'let in the pods behind it', policies: ingress, from: '10.0.0.2', port: 8080, plane: 'calico', want: true },
    { name: 'let in nobody else', policies: ingress, from: '10.0.0.3', port: 8080, plane: 'calico', want: false },
    {
      name: 'let in the pods behind it in the network',
      policies: ingress,
      from: '10.0.0.2',
      port: 8080,
      plane: 'l4',
      want: true,
    },
    {
      name: 'let in nobody by a Service that is not there',
      policies: ingress.replace('name: web', 'name: gone'),
      from: '10.0.0.2',
      port: 8080,
      plane: 'l4',
      want: false,
    },
  ];
  for (const { name, policies, from, port, plane, want } of cases)
    it(name, () => assert.equal(allows(policies, from, port, plane), want));
});
