import assert from 'node:assert/strict';
import type { ExplainAnswer } from '../../../../../src/admin-api/explain.ts';
import { narrowExplanation } from '../../../../../src/server/admin/access/narrow-explanation.ts';
import { createSight } from '../../../../../src/server/admin/access/sight.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const sight = createSight(['team-a'], {
  trustDomain: parseTrustDomain('cluster.local'),
  trustDomainAliases: [],
  workloads: [],
  policies: { rootNamespace: 'istio-system' },
});

const BANK = 'spiffe://cluster.local/ns/team-b/sa/bank';
const clause = (fact: string, ...values: readonly string[]) => ({
  ...{ fact, values, relation: 'is', patterns: ['wanted'] },
  text: `${fact} is ${values.join()}`,
});
const policy = (name: string, ...facts: readonly string[]) => ({
  ...{ policy: name, kind: 'AuthorizationPolicy', owner: null, file: `/${name}.yaml`, line: 1 },
  ...{ mode: 'enforce', applies: 'yes' },
  rules: [{ rule: 0, effect: 'allow', line: 2, holds: false, clauses: facts.map((fact) => clause(fact, 'secret')) }],
});
const stage = (policies: readonly ReturnType<typeof policy>[], more: object = {}) => ({
  ...{ plane: 'istio', mode: 'enforce', stage: 'ALLOW', decision: 'continue', said: 'secret', policies },
  ...more,
});

function explained(more: Partial<ExplainAnswer> = {}): ExplainAnswer {
  return {
    ...{ decision: 'deny', reason: 'rule_denied', policy: 'team-b/secret', rule: 3, summary: 'secret' },
    destination: {
      spiffeId: 'spiffe://cluster.local/ns/team-a/sa/shop',
      namespace: 'team-a',
      labels: {},
      foundBy: 'principal',
    },
    dryRun: { decision: 'allow', policy: 'team-b/secret' },
    planes: [
      { plane: 'l4', mode: 'observe', decision: 'deny', reason: 'rule_denied', policy: 'team-b/secret', rule: 1 },
    ],
    snapshot: 1,
    request: {
      source: { principal: BANK, address: 'secret', port: 1, labels: { secret: 'x' } },
      destination: { principal: 'spiffe://cluster.local/ns/team-a/sa/shop' },
      http: { method: 'GET', path: '/x?secret', host: 'h', headers: { secret: 'x' } },
      contextExtensions: { secret: 'x' },
    },
    stages: [],
    nearMisses: [],
    flip: {},
    ...more,
  };
}

const ofCaller = (isCallerSeen: boolean, isOwnQuestion = false) => ({ sight, isCallerSeen, isOwnQuestion });

describe('narrowExplanation', () => {
  it('tells nothing of the policy of another tenant, nor of a caller elsewhere but his SPIFFE ID', () => {
    const seen = narrowExplanation(
      explained({
        stages: [
          stage([policy('team-b/secret', 'method')], {
            decision: 'deny',
            direction: 'egress',
            endpoint: 'team-b/secret',
            stage: 'secret',
          }),
        ],
        nearMisses: [
          {
            ...stage([]),
            ...{ policy: 'team-b/secret', kind: 'k', owner: null, rule: 0, file: 'f', line: 1, failedClauses: 1 },
            first: { ...clause('method'), path: null, line: null, column: null },
          },
        ],
        flip: { request: { changes: [], text: 'secret', decision: 'allow' } },
      }),
      ofCaller(false),
    );
    assert.doesNotMatch(JSON.stringify(seen), /secret/);
    assert.deepEqual([seen.decision, seen.reason, seen.policy, seen.rule], ['deny', 'rule_denied', null, null]);
    assert.deepEqual(seen.request?.['source'], { principal: BANK });
    assert.deepEqual(
      seen.stages.map(({ stage: name, policies }) => [name, policies]),
      [['egress', []]],
    );
  });

  it('names a policy of the mesh that decided, and shows nothing of it', () => {
    const mesh = policy('istio-system/house', 'method');
    const seen = narrowExplanation(
      explained({
        policy: 'istio-system/house',
        rule: 1,
        planes: [],
        dryRun: null,
        stages: [stage([mesh], { decision: 'deny' }), stage([mesh])],
      }),
      ofCaller(false),
    );
    assert.doesNotMatch(JSON.stringify(seen), /secret/);
    assert.equal(seen.summary, 'denied by istio-system/house (rule_denied)');
    assert.deepEqual(
      [seen.policy, seen.rule, seen.stages.length, seen.stages[0]?.policies],
      ['istio-system/house', null, 1, []],
    );
  });

  const facts: readonly (readonly [fact: string, who: ReturnType<typeof ofCaller>, shown: boolean])[] = [
    ['method', ofCaller(false), true],
    ['header x-team', ofCaller(false), false],
    ['header x-team', ofCaller(true), false],
    ['header x-team', ofCaller(false, true), true],
    ['claim sub', ofCaller(true), false],
    ['source address', ofCaller(false, true), false],
    ['source address', ofCaller(true), true],
    ['source endpoint', ofCaller(false, true), false],
    ['remote address', ofCaller(false), false],
    ['named source port', ofCaller(false), false],
    ['principal', ofCaller(false), false],
    ['principal', ofCaller(true), true],
    ['something new', ofCaller(true, true), false],
  ];
  for (const [fact, who, shown] of facts)
    it(`${shown ? 'shows' : 'hides'} what the request had of ${fact} (own question ${who.isOwnQuestion}, own caller ${who.isCallerSeen})`, () => {
      const { stages } = narrowExplanation(explained({ stages: [stage([policy('team-a/own', fact)])] }), who);
      const [told] = stages[0]!.policies[0]!.rules[0]!.clauses;
      assert.deepEqual(told!.values, shown ? ['secret'] : []);
      assert.equal(told!.text.includes('secret'), shown);
      assert.deepEqual(told!.patterns, ['wanted']);
    });

  it('shows of the names of a caller elsewhere his SPIFFE ID alone', () => {
    const own = policy('team-a/own');
    const rules = [{ ...own.rules[0]!, clauses: [clause('principal', BANK, 'bank.example', 'CN=x')] }];
    const { stages } = narrowExplanation(explained({ stages: [stage([{ ...own, rules }])] }), ofCaller(false));
    assert.deepEqual(stages[0]!.policies[0]!.rules[0]!.clauses[0]!.values, [BANK]);
  });

  it('turns his own question round by his own policy, without the lines around it, and by nobody else’s', () => {
    const patch = {
      kind: 'AuthorizationPolicy',
      owner: null,
      rule: 0,
      file: 'f',
      line: 1,
      text: 't',
      diff: 'secret',
      decision: 'allow',
    } as const;
    const request = { changes: [], text: 'x', decision: 'allow' } as const;
    const flipOf = (name: string, who: ReturnType<typeof ofCaller>, stages: ExplainAnswer['stages'] = []) =>
      narrowExplanation(explained({ stages, flip: { request, policy: { ...patch, policy: name } } }), who).flip;
    assert.deepEqual(flipOf('team-a/own', ofCaller(true, true)), {
      request,
      policy: { ...patch, policy: 'team-a/own', diff: '' },
    });
    assert.deepEqual(flipOf('team-b/x', ofCaller(true, true), [stage([policy('team-b/x')])]), {});
    assert.deepEqual(flipOf('team-a/own', ofCaller(false, true)), {
      policy: { ...patch, policy: 'team-a/own', diff: '' },
    });
    assert.deepEqual(flipOf('team-a/own', ofCaller(true)), {});
  });
});
