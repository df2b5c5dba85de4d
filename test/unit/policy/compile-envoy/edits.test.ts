import assert from 'node:assert/strict';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { istioYaml, ordinaryRbac, rulesOf } from '../../../../bench/lib/same-rules.ts';
import { RBACSchema } from '../../../../src/gen/envoy/config/rbac/v3/rbac_pb.ts';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { type NativePolicy, nativePolicyOf } from '../../../../src/policy/compile-envoy/native-policy.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { istioModel, workload } from '../../../support/native-model.ts';
import { randomIstio } from '../../../support/random-istio.ts';

const settings = (model: PolicyModel) => ({
  trustDomains: ['cluster.local', 'old.td'],
  verifyPeer: 'off' as const,
  peerTrustDomains: 'any' as const,
  ambiguousRequests: 'asUpstream' as const,
  allowEmpty: false,
  decide: compileSnapshot(model, { allowEmpty: false }).decide,
});

const POOL = 240;

/** The policies of the pool that are chosen. */
function chosen(pool: PolicyModel, isChosen: (name: string) => boolean): PolicyModel {
  const planes = pool.planes.map((plane) => ({
    ...plane,
    stages: plane.stages.map((stage) =>
      stage.kind === 'any-allow' || stage.kind === 'any-deny'
        ? { ...stage, policies: stage.policies.filter(({ ref }) => isChosen(ref.name)) }
        : stage,
    ),
  }));
  return { ...pool, planes };
}

/** `EDITS=100000` for the long run, of other policies every time. */
const EDITS = process.env['EDITS'];
const SEED = EDITS === undefined ? 1 : Math.trunc(Math.random() * 1e9);

describe('a tree after an edit', () => {
  it('is the tree that is compiled anew, byte for byte', function () {
    this.timeout(60_000 + Number(EDITS ?? 0) * 100);
    const pool = istioModel(randomIstio(SEED, POOL, 'default').join('\n---\n'));
    const first = fc.array(fc.boolean(), { minLength: POOL, maxLength: POOL });
    const edits = fc.array(fc.array(fc.nat(POOL - 1), { maxLength: 3 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(first, edits, (isThere, changes) => {
        const there = [...isThere];
        let last: NativePolicy | undefined;
        for (const change of [[], ...changes]) {
          for (const i of change) there[i] = !there[i];
          const model = chosen(pool, (name) => there[Number(name.slice(2))]!);
          const own = settings(model);
          const anew = nativePolicyOf(model, workload, own);
          last = nativePolicyOf(model, workload, own, last);
          assert.equal(last.version, anew.version);
        }
      }),
      { numRuns: Math.ceil(Number(EDITS ?? 40) / 10), seed: SEED },
    );
  });

  it('may be made of the same policy twice', () => {
    const model = istioModel(istioYaml(rulesOf(40), true).replaceAll('namespace: shop', 'namespace: default'));
    const first = nativePolicyOf(model, workload, settings(model));
    const twice = [0, 1].map(() => nativePolicyOf(model, workload, settings(model), first).version);
    assert.deepEqual(twice, [first.version, first.version]);
  });
});

describe('the size of a tree', () => {
  for (const count of [10, 1_000])
    it(`is not more than 1.2 times that of ordinary RBAC, of ${count} rules`, function () {
      this.timeout(30_000);
      const rules = rulesOf(count);
      const model = istioModel(istioYaml(rules, true).replaceAll('namespace: shop', 'namespace: default'));
      const { http } = nativePolicyOf(model, workload, settings(model));
      const ordinary = toBinary(RBACSchema, create(RBACSchema, { policies: ordinaryRbac(rules) })).length;
      const most = count === 10 ? ordinary + 2_500 : 1.2 * ordinary; // guards are there once
      assert.ok(http.length <= most, `${http.length} bytes, ordinary RBAC ${ordinary}`);
    });
});
