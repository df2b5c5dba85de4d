import assert from 'node:assert/strict';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { nativePolicyOf } from '../../../../src/policy/compile-envoy/native-policy.ts';
import { decision } from '../../../../src/policy/decision.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { istioModel, workload } from '../../../support/native-model.ts';

const document = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: default}
spec:
  rules:
  - from: [{source: {principals: [cluster.local/ns/foo/sa/a]}}]
    to: [{operation: {methods: [GET], paths: ["/a/*"]}}]
`;

const settings = (model: PolicyModel) => ({
  trustDomains: ['cluster.local'],
  verifyPeer: 'off' as const,
  peerTrustDomains: 'any' as const,
  ambiguousRequests: 'asUpstream' as const,
  allowEmpty: false,
  decide: compileSnapshot(model, { allowEmpty: false }).decide,
});

describe('the self-check of a tree', () => {
  it('lets a tree pass that decides as the snapshot does', () => {
    const model = istioModel(document);
    assert.equal(nativePolicyOf(model, workload, settings(model)).everything, undefined);
  });

  it('knows where clients of a gateway come from', () => {
    const rules = ['ALLOW', 'DENY'].map((action, i) =>
      JSON.stringify({
        ...{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' },
        metadata: { name: `g${i}`, namespace: 'default' },
        spec: {
          action,
          rules: [{ from: [{ source: { remoteIpBlocks: [i === 0 ? '0.0.0.0/0' : '203.0.113.0/24'] } }] }],
        },
      }),
    );
    for (const texts of [rules, rules.slice(0, 1), rules.slice(1)]) {
      const model = istioModel(texts.join('\n---\n'));
      const gateway = { ...workload, trustedHops: 1, isGateway: true };
      assert.equal(nativePolicyOf(model, gateway, settings(model)).everything, undefined);
    }
  });

  it('refuses one that allows what is denied, or denies what is allowed, and says for whom', () => {
    const model = istioModel(document);
    for (const effect of ['allow', 'deny'] as const) {
      const decide = () => decision('istio', effect, effect === 'allow' ? 'rule_allowed' : 'rule_denied');
      assert.throws(
        () => nativePolicyOf(model, workload, { ...settings(model), decide }),
        /the tree for Envoy says .*given to nobody/,
      );
    }
  });

  it('tries pods that other planes let in, by their names and addresses, and finds what was widened', () => {
    const pods = ['details', 'a', 'b']
      .map(
        (account, i) =>
          `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${account}, namespace: default, labels: {app: ${account}}}\nspec: {serviceAccountName: ${account}}\nstatus: {podIP: 10.0.0.${i}}\n`,
      )
      .join('');
    const network = (names: string) =>
      istioModel(
        `${pods}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: default}\nspec: {podSelector: {matchLabels: {app: details}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [${names}]}]}}]}]}\n`,
        'upstream',
        { planes: { calico: 'enforce', l4: 'enforce' } },
      );
    const [both, one] = [network('a, b'), network('a')];
    const made = nativePolicyOf(both, workload, settings(both));
    assert.equal(made.everything, undefined);
    assert.ok(made.asks.some(({ reason }) => /certainly let in by l4/.test(reason)));
    assert.throws(
      () => nativePolicyOf(both, workload, settings(one)),
      /the decision is deny, no_rule_allowed, for spiffe:\/\/cluster.local\/ns\/default\/sa\/b from 10.0.0.2/,
    );
  });
});
