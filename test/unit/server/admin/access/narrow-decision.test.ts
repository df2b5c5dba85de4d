import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../../../src/analysis/request-form.ts';
import type { RedactedDecision } from '../../../../../src/authz/record/redacted-decision.ts';
import type { PolicyRef } from '../../../../../src/policy/model.ts';
import { narrowEntry, seesDecision } from '../../../../../src/server/admin/access/narrow-decision.ts';
import { createSight } from '../../../../../src/server/admin/access/sight.ts';
import { parseSpiffeId } from '../../../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const sight = createSight(['team-a'], {
  trustDomain: parseTrustDomain('cluster.local'),
  trustDomainAliases: [],
  workloads: [],
  policies: { rootNamespace: 'istio-system' },
});

function entry(principal: string, policy: Partial<PolicyRef> | undefined): RedactedDecision {
  const request = encodeRequestForm({
    source: { principal, address: '10.2.0.9', port: 5 },
    http: { method: 'GET', path: '/x?token', host: 'h', headers: { 'x-request-id': 'req-77' } },
  });
  const ref = policy && { dialect: 'istio' as const, kind: 'AuthorizationPolicy', namespace: '', name: 'p', ...policy };
  return {
    id: 'i',
    decidedAt: 0,
    decision: {
      ...{
        effect: 'deny',
        reason: 'rule_denied',
        plane: 'istio',
        stage: 'tier-x',
        owner: 'them',
        rule: 2,
        audit: undefined,
      },
      policy: ref,
      dryRun: { effect: 'allow', policy: ref },
    },
    destination: {
      ...{
        spiffeId: parseSpiffeId('spiffe://cluster.local/ns/team-a/sa/shop'),
        namespace: 'team-a',
        serviceAccount: 'shop',
      },
      ...{ labels: undefined, trustedHops: 0, foundBy: 'principal' },
    },
    snapshot: 1,
    request,
    caller: { local: true },
    tokens: undefined,
  };
}

const BANK = 'spiffe://cluster.local/ns/team-b/sa/bank';
const SHOP = 'spiffe://cluster.local/ns/team-a/sa/shop';

describe('narrowEntry', () => {
  const sources: readonly (readonly [principal: string, want: object | undefined])[] = [
    [SHOP, { principal: SHOP, address: '10.2.0.9', port: 5 }],
    [BANK, { principal: BANK }],
    ['spiffe://other.example/ns/team-a/sa/shop', { principal: 'spiffe://other.example/ns/team-a/sa/shop' }],
    ['bank.example', undefined],
    ['', undefined],
  ];
  for (const [principal, want] of sources)
    it(`shows ${principal || 'a caller without a name'} as ${JSON.stringify(want)}`, () => {
      const told = narrowEntry(entry(principal, undefined), sight);
      assert.deepEqual(told.source, want);
      assert.doesNotMatch(JSON.stringify(told), /req-77|token/);
      assert.deepEqual(told.request, { protocol: 'http', method: 'GET', host: 'h', path: '/x' });
    });

  const policies: readonly (readonly [namespace: string, want: object])[] = [
    [
      'team-a',
      {
        stage: 'tier-x',
        owner: 'them',
        policy: 'team-a/p',
        rule: 2,
        dryRun: { decision: 'allow', policy: 'team-a/p' },
      },
    ],
    [
      'istio-system',
      {
        stage: 'tier-x',
        owner: 'them',
        policy: 'istio-system/p',
        dryRun: { decision: 'allow', policy: 'istio-system/p' },
      },
    ],
    ['', { stage: 'tier-x', owner: 'them', policy: 'p', dryRun: { decision: 'allow', policy: 'p' } }],
    ['team-b', { dryRun: { decision: 'allow' } }],
  ];
  for (const [namespace, want] of policies)
    it(`tells of a policy of ${namespace || 'no namespace'} ${JSON.stringify(want)}`, () => {
      const { stage, owner, policy, rule, dryRun } = narrowEntry(entry(BANK, { namespace }), sight);
      assert.deepEqual(JSON.parse(JSON.stringify({ stage, owner, policy, rule, dryRun })), want);
    });
});

describe('seesDecision', () => {
  const whole = entry(BANK, undefined);
  it('sees those whose destination lies there', () => assert.ok(seesDecision(whole, sight)));
  it('sees none without a destination, or whose name and namespace disagree', () => {
    assert.ok(!seesDecision({ destination: undefined }, sight));
    const destination = whole.destination!;
    assert.ok(!seesDecision({ destination: { ...destination, namespace: 'team-b' } }, sight));
    assert.ok(!seesDecision({ destination: { ...destination, spiffeId: parseSpiffeId(BANK) } }, sight));
  });
});
