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
const service = (name: string, selector = ''): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ${selector}ports: [{ port: 80 }] }
`;
const slice = (name: string, of: string, addresses: string, ports = '[{ port: 8080 }]'): string => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: ${of} } }
addressType: IPv4
endpoints: [{ addresses: [${addresses}], conditions: { ready: false } }]
ports: ${ports}
`;
const policy = (selector: string, rest: string): string => `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: p, namespace: shop }
spec: { selector: "${selector}", ${rest} }
`;

function allows(policies: string, from: string, port: number, plane: 'calico' | 'l4', more = ''): boolean {
  const { check, findings } = calicoCheck(policies, registry + more, 'upstream', {
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

  const outside = '10.0.9.9';
  const toDb = egress.replace('name: cart', 'name: db');
  const fromDb = ingress.replace('name: web', 'name: db');
  const all = policy("app == 'cart'", 'ingress: [{ action: Allow, source: { selector: all() } }]');
  const denied = policy(
    "app == 'cart'",
    'ingress: [{ action: Deny, source: { services: { name: db } } }, { action: Allow }]',
  );
  const sliced: readonly {
    readonly name: string;
    readonly policies: string;
    readonly more: string;
    readonly from?: string;
    readonly port?: number;
    readonly want: boolean;
  }[] = [
    {
      name: 'a pod in a slice, ready or not',
      policies: toDb,
      more: service('db') + slice('s', 'db', '10.0.0.1'),
      want: true,
    },
    {
      name: 'no other port than the slice says',
      policies: toDb,
      more: service('db') + slice('s', 'db', '10.0.0.1'),
      port: 80,
      want: false,
    },
    { name: 'nothing without slices or selector', policies: toDb, more: service('db'), port: 80, want: false },
    {
      name: 'nothing by a slice of a Service that is gone',
      policies: toDb,
      more: slice('s', 'db', '10.0.0.1'),
      want: false,
    },
    {
      name: 'no pod that the selector takes and the slices do not',
      policies: toDb,
      more: service('db', 'selector: { app: cart }, ') + slice('s', 'db', '10.0.0.7'),
      port: 80,
      want: false,
    },
    {
      name: 'no pod at all where a slice has none',
      policies: toDb,
      more: service('db', 'selector: { app: cart }, ') + slice('s', 'db', ''),
      port: 80,
      want: false,
    },
    {
      name: 'a caller that is no pod',
      policies: fromDb,
      more: service('db') + slice('s', 'db', outside),
      from: outside,
      want: true,
    },
    {
      name: 'a caller behind a Service without ports',
      policies: fromDb,
      more: service('db') + slice('s', 'db', outside, '[]'),
      from: outside,
      want: true,
    },
    {
      name: 'a caller in the second of two slices',
      policies: fromDb,
      more: service('db') + slice('s', 'db', '10.0.0.7') + slice('t', 'db', outside),
      from: outside,
      want: true,
    },
    {
      name: 'no place of a Service by all()',
      policies: all,
      more: service('db') + slice('s', 'db', outside),
      from: outside,
      want: false,
    },
    {
      name: 'no place of a Service by the absence of a label',
      policies: all.replace('all()', '"!has(x)"'),
      more: service('db') + slice('s', 'db', outside),
      from: outside,
      want: false,
    },
    {
      name: 'nobody who is denied by a slice',
      policies: denied,
      more: service('db') + slice('s', 'db', outside),
      from: outside,
      want: false,
    },
  ];
  for (const { name, policies, more, from = '10.0.0.2', port = 8080, want } of sliced)
    it(`with EndpointSlices: ${name}`, () => assert.equal(allows(policies, from, port, 'l4', more), want));

  it('takes a broken slice for none, and says why', () => {
    const broken = service('db') + slice('s', 'db', 'nowhere', '[{ port: 70000 }]');
    const { findings } = calicoCheck(toDb, broken, 'upstream', { calico: 'off', l4: 'enforce' });
    assert.deepEqual(
      findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`),
      ['error address-invalid endpoints[0].addresses[0]', 'error port-invalid ports[0].port'],
    );
  });
});
