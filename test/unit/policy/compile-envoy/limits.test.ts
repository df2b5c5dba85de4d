import assert from 'node:assert/strict';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { nativePolicyOf } from '../../../../src/policy/compile-envoy/native-policy.ts';
import { nativeReport } from '../../../../src/policy/compile-envoy/native-report.ts';
import { interpretTree } from '../../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf, type WorkloadTrees } from '../../../../src/policy/compile-envoy/workload-trees.ts';
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

  it('are not reached by rules that each ask for one thing more than the one before: far below they are tried one by one', () => {
    const rules = Array.from({ length: 60 }, (_, rule) => ({
      when: Array.from({ length: rule + 1 }, (_each, header) => ({
        ...{ key: `request.headers[x-${header}]`, values: [header < rule ? 'a' : 'b'] },
      })),
    }));
    const model = istioModel(document(rules));
    assert.equal(nativePolicyOf(model, workload, settings(model)).everything, undefined);
    // As deep as they are, all of them are found.
    const trees = treesOf(model, workload, settings(model)) as WorkloadTrees; // nothing of it asks about everything
    for (const last of [0, 1, 9, 10, 11, 30, 59]) {
      const seen = new Map(Array.from({ length: last + 1 }, (_, i) => [`header:x-${i}`, i < last ? 'a' : 'b']));
      const found = interpretTree(trees.http, (input) => (input === 'state:gh.serial' ? '-' : seen.get(input)));
      assert.equal(found?.name, `n:allow/default/p#${last}`);
    }
  });

  it('are not reached by rules that name many callers, paths and hosts at once: these are written once, and nothing asks', () => {
    const many = (count: number, made: (i: number) => string) => Array.from({ length: count }, (_, i) => made(i));
    const shapes = [
      [200, 20, 50],
      [1_000, 100, 1],
    ] as const;
    for (const [callers, paths, hosts] of shapes) {
      const rule = {
        from: [{ source: { principals: many(callers, (i) => `cluster.local/ns/a/sa/s${i}`) } }],
        to: [
          {
            operation: {
              methods: ['GET', 'POST'],
              paths: many(paths, (i) => `/p${i}/x`),
              hosts: many(hosts, (i) => `h${i}.example.com`),
            },
          },
        ],
      };
      const text = document([rule]);
      const model = istioModel(text);
      const { everything, http, asks } = nativePolicyOf(model, workload, settings(model));
      assert.equal(everything, undefined);
      assert.deepEqual(
        asks.filter(({ policy }) => policy !== undefined),
        [],
      );
      assert.ok(http.length < 3 * text.length, `${http.length} bytes of ${text.length}`);
    }
  });

  it('make everything ask, and policy check tells why and which field of which rule, where the bytes are too many', function () {
    this.timeout(60_000);
    const long = 'x'.repeat(1_000_000);
    const texts = Array.from({ length: 12 }, (_, i) => {
      const paths = [`/${i}${long}${i === 7 ? 'longer' : ''}`];
      const small = { to: [{ operation: { methods: ['HEAD'] } }] };
      return document([small, { to: [{ operation: { methods: ['GET', 'POST', 'PUT'], paths } }] }], `p-${i}`);
    });
    const model = istioModel(texts.join('\n---\n'));
    const [row] = nativeReport(model, settings(model), 'cluster.local');
    const why = /^the tree would have \d+ bytes, more than 33554432; the most of it is path of rule 1 of default\/p-7$/;
    assert.match(row?.everything ?? '', why);
    assert.deepEqual(
      row?.asks.map(({ policy, rule, field }) => [policy?.name, rule, field]),
      [['p-7', 1, 'path']],
    );
  });
});
