import assert from 'node:assert/strict';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { nativePolicyOf } from '../../../../src/policy/compile-envoy/native-policy.ts';
import { nativeReport } from '../../../../src/policy/compile-envoy/native-report.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { istioModel, workload } from '../../../support/native-model.ts';

const settings = (model: PolicyModel) => ({
  trustDomains: ['cluster.local'],
  verifyPeer: 'off' as const,
  peerTrustDomains: 'any' as const,
  ambiguousRequests: 'asUpstream' as const,
  allowEmpty: false,
  decide: compileSnapshot(model, { allowEmpty: false }).decide,
});

const document = (rules: readonly object[], name = 'p'): string =>
  JSON.stringify({
    ...{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' },
    metadata: { name, namespace: 'default' },
    spec: { rules },
  });

describe('the limits of a tree', () => {
  it('are not reached by rules that read many headers: what stands side by side is no deeper for it', () => {
    const rules = Array.from({ length: 80 }, (_, header) =>
      ['a', 'b', 'c'].map((value) => ({
        when: [{ key: `request.headers[x-${header}]`, values: [`${value}${header}`] }],
      })),
    ).flat();
    const model = istioModel(document(rules));
    assert.equal(nativePolicyOf(model, workload, settings(model)).everything, undefined);
  });

  it('make everything ask, and policy check tells why, where the bytes are too many', function () {
    this.timeout(60_000);
    const long = 'x'.repeat(1_000_000);
    const texts = Array.from({ length: 12 }, (_, i) =>
      document([{ to: [{ operation: { methods: ['GET', 'POST', 'PUT'], paths: [`/${i}${long}`] } }] }], `p-${i}`),
    );
    const model = istioModel(texts.join('\n---\n'));
    const [row] = nativeReport(model, settings(model), 'cluster.local');
    assert.match(row?.everything ?? '', /^the tree would have \d+ bytes, more than 33554432$/);
    assert.equal(row?.asks.length, 1);
  });
});
