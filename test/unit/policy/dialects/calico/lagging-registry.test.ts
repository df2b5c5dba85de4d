import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../../../src/analysis/request-form.ts';
import { calicoCheck } from '../../../../differential/calico-player.ts';

const pod = (name: string, address: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name} }
status: { phase: Running, podIPs: [{ ip: ${address} }] }
`;
const whole = pod('cart', '10.0.0.1') + pod('web', '10.0.0.2');
const policies = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: p, namespace: shop }
spec: { selector: app == 'cart', ingress: [{ action: Allow, source: { selector: app == 'web' } }] }
`;

const cases: readonly {
  readonly name: string;
  readonly registry: string;
  readonly plane: 'calico' | 'l4';
  readonly from?: string;
  readonly want: string;
}[] = [
  { name: 'nothing lags', registry: whole, plane: 'calico', want: 'rule_allowed' },
  { name: 'nothing lags, in the network', registry: whole, plane: 'l4', want: 'rule_allowed' },
  { name: 'the caller is not there yet', registry: pod('cart', '10.0.0.1'), plane: 'calico', want: 'no_rule_allowed' },
  {
    name: 'the caller is not there yet, in the network',
    registry: pod('cart', '10.0.0.1'),
    plane: 'l4',
    want: 'no_rule_allowed',
  },
  {
    name: 'the caller has another address by now',
    registry: whole,
    plane: 'calico',
    from: '10.0.0.9',
    want: 'no_rule_allowed',
  },
  {
    name: 'somebody else had its address',
    registry: pod('cart', '10.0.0.1') + pod('batch', '10.0.0.2'),
    plane: 'calico',
    want: 'no_rule_allowed',
  },
  {
    name: 'somebody else had its address, in the network',
    registry: pod('cart', '10.0.0.1') + pod('batch', '10.0.0.2'),
    plane: 'l4',
    want: 'place_mismatch',
  },
  {
    name: 'the workload that is asked for is not there yet',
    registry: pod('web', '10.0.0.2'),
    plane: 'calico',
    want: 'labels_unknown',
  },
  { name: 'it is empty', registry: '', plane: 'calico', want: 'labels_unknown' },
  { name: 'it is empty, in the network', registry: '', plane: 'l4', want: 'labels_unknown' },
];

describe('a registry that lags behind the request', () => {
  for (const { name, registry, plane, from = '10.0.0.2', want } of cases) {
    for (const absence of ['upstream', 'strict'] as const) {
      it(`lets nobody in by mistake where ${name} (${absence})`, () => {
        const { check } = calicoCheck(policies, registry, absence, { calico: 'off', l4: 'off', [plane]: 'enforce' });
        const { dynamicMetadata } = check(
          encodeRequestForm({
            source: { principal: 'spiffe://cluster.local/ns/shop/sa/web', address: from, port: 40_000 },
            destination: { principal: 'spiffe://cluster.local/ns/shop/sa/cart', address: '10.0.0.1', port: 8080 },
            http: { method: 'GET', path: '/' },
          }),
        );
        const said = dynamicMetadata?.['gatehouse'] as { readonly reason: string }; // the contract's form
        assert.equal(said.reason, want);
      });
    }
  }
});
