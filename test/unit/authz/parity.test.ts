import assert from 'node:assert/strict';
import { create, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { ParityCanary, type ShadowVerdict, shadowVerdict } from '../../../src/authz/parity.ts';
import { MetadataSchema } from '../../../src/gen/envoy/config/core/v3/base_pb.ts';
import type { Decision } from '../../../src/policy/decision.ts';

const RBAC = 'envoy.filters.http.rbac';
const metadataOf = (fields: JsonObject, filter = RBAC) =>
  create(MetadataSchema, { filterMetadata: { [filter]: fields } });

const decisionOf = (effect: Decision['effect'], reason: Decision['reason']): Decision => ({
  effect,
  reason,
  plane: 'istio',
  policy: undefined,
  rule: undefined,
  dryRun: undefined,
  audit: undefined,
});

describe('shadowVerdict', () => {
  const cases: readonly {
    readonly name: string;
    readonly fields: JsonObject;
    readonly want: ShadowVerdict | undefined;
  }[] = [
    { name: 'nothing', fields: {}, want: undefined },
    {
      name: "another canary's keys",
      fields: { istio_dry_run_deny_shadow_engine_result: 'denied' },
      want: undefined,
    },
    {
      name: 'both allow',
      fields: {
        gatehouse_parity_deny_shadow_engine_result: 'allowed',
        gatehouse_parity_allow_shadow_engine_result: 'allowed',
        gatehouse_parity_allow_shadow_effective_policy_id: 'ns[a]-policy[b]-rule[0]',
      },
      want: { effect: 'allow', policy: 'ns[a]-policy[b]-rule[0]' },
    },
    {
      name: 'one denies',
      fields: {
        gatehouse_parity_allow_shadow_engine_result: 'allowed',
        gatehouse_parity_deny_shadow_engine_result: 'denied',
        gatehouse_parity_deny_shadow_effective_policy_id: 'ns[a]-policy[c]-rule[1]',
      },
      want: { effect: 'deny', policy: 'ns[a]-policy[c]-rule[1]' },
    },
    {
      name: 'a result that is neither',
      fields: { gatehouse_parity_allow_shadow_engine_result: 7 },
      want: { effect: 'deny', policy: '' },
    },
  ];
  for (const { name, fields, want } of cases) {
    it(`reads ${name}`, () => assert.deepEqual(shadowVerdict(metadataOf(fields)), want));
  }
});

describe('ParityCanary', () => {
  const requestOf = (fields: JsonObject) => {
    const bytes = toBinary(MetadataSchema, metadataOf(fields));
    return { bytes: Buffer.from(bytes), metadata: [0, bytes.length] };
  };
  const allowed = requestOf({ gatehouse_parity_allow_shadow_engine_result: 'allowed' });
  const denied = requestOf({ gatehouse_parity_allow_shadow_engine_result: 'denied' });

  it('counts, and tells the first of each kind', () => {
    const told: string[] = [];
    const canary = new ParityCanary((agrees, shadow, { effect }) => told.push(`${agrees} ${shadow.effect} ${effect}`));
    for (let i = 0; i < 3; i++) {
      canary.compare(allowed, decisionOf('allow', 'rule_allowed'));
      canary.compare(denied, decisionOf('allow', 'rule_allowed'));
    }
    canary.compare(allowed, decisionOf('deny', 'no_rule_allowed'));
    assert.deepEqual(told, ['true allow allow', 'false deny allow', 'false allow deny']);
    assert.deepEqual(canary.take(), { agreements: 3, disagreements: 4 });
    assert.deepEqual(canary.take(), { agreements: 0, disagreements: 0 });
  });

  it('leaves alone what RBAC does not decide', () => {
    const canary = new ParityCanary(() => assert.fail('told of it'));
    canary.compare(allowed, decisionOf('deny', 'token_invalid'));
    canary.compare({ bytes: Buffer.alloc(0), metadata: [] }, decisionOf('deny', 'rule_denied'));
    assert.deepEqual(canary.take(), { agreements: 0, disagreements: 0 });
  });
});
