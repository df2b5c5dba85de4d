import assert from 'node:assert/strict';
import { ParityCanary, type ShadowVerdict, shadowVerdict } from '../../../../src/authz/record/parity.ts';
import type { RingEntry } from '../../../../src/authz/record/ring.ts';
import type { Decision } from '../../../../src/policy/decision.ts';

const RBAC = 'envoy.filters.http.rbac';

/** Facts whose metadata has these strings under Envoy's RBAC filter. */
const factsOf = (fields: Readonly<Record<string, string>>) => ({
  metadata: (filter: string, [name = '']: readonly string[]): readonly string[] =>
    filter === RBAC && Object.hasOwn(fields, name) ? [fields[name]!] : [],
});

const decisionOf = (effect: Decision['effect'], reason: Decision['reason']): Decision => ({
  effect,
  reason,
  plane: 'istio',
  stage: undefined,
  owner: undefined,
  policy: undefined,
  rule: undefined,
  dryRun: undefined,
  audit: undefined,
});

const entryOf = (decision: Decision): RingEntry => ({
  id: 'x',
  decidedAt: 0,
  decision,
  destination: undefined,
  snapshot: 1,
  request: undefined,
  caller: { local: true },
  tokens: undefined,
});

interface Case {
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly want: ShadowVerdict | undefined;
}

describe('shadowVerdict', () => {
  const cases: readonly Case[] = [
    { name: 'nothing', fields: {}, want: undefined },
    { name: "Istio's dry run", fields: { istio_dry_run_deny_shadow_engine_result: 'denied' }, want: undefined },
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
      fields: { gatehouse_parity_allow_shadow_engine_result: 'perhaps' },
      want: { effect: 'deny', policy: '' },
    },
  ];
  for (const { name, fields, want } of cases) {
    it(`reads ${name}`, () => assert.deepEqual(shadowVerdict(factsOf(fields)), want));
  }
});

describe('ParityCanary', () => {
  const allowed = factsOf({ gatehouse_parity_allow_shadow_engine_result: 'allowed' });
  const denied = factsOf({ gatehouse_parity_allow_shadow_engine_result: 'denied' });

  it('counts, and tells the first of each kind', () => {
    const told: string[] = [];
    const canary = new ParityCanary(({ agrees, shadow, entry }) =>
      told.push(`${agrees} ${shadow.effect} ${entry.decision.effect}`),
    );
    const compare = (facts: typeof allowed, decision: Decision) =>
      canary.compare(facts, decision, () => entryOf(decision));
    for (let i = 0; i < 3; i++) {
      compare(allowed, decisionOf('allow', 'rule_allowed'));
      compare(denied, decisionOf('allow', 'rule_allowed'));
    }
    compare(allowed, decisionOf('deny', 'no_rule_allowed'));
    assert.deepEqual(told, ['true allow allow', 'false deny allow', 'false allow deny']);
    assert.deepEqual(canary.take(), { agreements: 3, disagreements: 4 });
    assert.deepEqual(canary.take(), { agreements: 0, disagreements: 0 });
  });

  it('leaves alone what RBAC does not decide, and requests that bring no verdict', () => {
    const canary = new ParityCanary(() => assert.fail('told of it'));
    const decision = decisionOf('deny', 'token_invalid');
    canary.compare(allowed, decision, () => entryOf(decision));
    const other = decisionOf('deny', 'rule_denied');
    canary.compare(factsOf({}), other, () => entryOf(other));
    assert.deepEqual(canary.take(), { agreements: 0, disagreements: 0 });
  });
});
