import assert from 'node:assert/strict';
import { lanesOf } from '../../../../src/console/model/lanes.ts';

const rule = (name: string, rule: number, count: number, lastAt: string | null) => ({
  ...{
    plane: 'istio',
    direction: 'ingress',
    dialect: 'istio',
    kind: 'AuthorizationPolicy',
    namespace: 'shop',
    name,
    rule,
    text: '',
  },
  ...{
    count,
    lastAt,
    effect: 'allow',
    counts: 'enforce' as const,
    file: 'a.yaml',
    line: 1,
    column: 1,
    since: '',
    standing: 'hit' as const,
  },
});
const policy = (name: string) => ({
  dialect: 'istio',
  kind: 'AuthorizationPolicy',
  namespace: 'shop',
  name,
  file: 'a.yaml',
  line: 3,
  column: 1,
});

describe('lanesOf', () => {
  it('names tiers and directions, and counts each direction in its own lane', () => {
    const both = { ...policy('both'), owner: 'team-net', mode: 'dry-run' as const };
    const tier = (direction: 'ingress' | 'egress') => ({
      ...{ kind: 'first-match', name: 'platform', direction, policies: [both] },
    });
    const planes = [{ id: 'l4', mode: 'enforce', stages: [tier('egress'), tier('ingress')] }];
    const answer = { generation: 1, counts: [], skipped: {}, summary: '', degraded: [], findings: [], planes };
    const rules = [
      { ...rule('both', 0, 2, null), plane: 'l4', direction: 'ingress' },
      { ...rule('both', 0, 5, null), plane: 'l4', direction: 'egress' },
    ];
    assert.deepEqual(
      lanesOf(answer, { rules }).map(({ title, cards }) => [
        title,
        cards[0]?.hits,
        cards[0]?.owner,
        cards[0]?.isDryRun,
      ]),
      [
        ['l4 · tier platform · egress', 5, 'team-net', true],
        ['l4 · tier platform · ingress', 2, 'team-net', true],
      ],
    );
  });

  it('has a lane a stage, with the hits of each policy', () => {
    const planes = [
      {
        id: 'istio',
        mode: 'enforce',
        stages: [
          { kind: 'any-deny', policies: [] },
          { kind: 'any-allow', policies: [policy('cart'), policy('idle')] },
        ],
      },
      { id: 'l4', mode: 'observe', stages: [{ kind: 'isolation', policies: [] }] },
    ];
    const answer = { generation: 1, counts: [], skipped: {}, summary: '', degraded: [], findings: [], planes };
    const rules = [
      rule('cart', 0, 2, '2026-01-01T00:00:00Z'),
      rule('cart', 1, 3, '2026-01-02T00:00:00Z'),
      rule('other', 0, 9, null),
    ];
    const lanes = lanesOf(answer, { rules });
    assert.deepEqual(
      lanes.map(({ title }) => title),
      ['istio · DENY', 'istio · ALLOW', 'l4 · isolation (observe)'],
    );
    assert.deepEqual(
      lanes[1]?.cards.map(({ name, hits, lastAt, rules: own }) => [name, hits, lastAt, own.length]),
      [
        ['shop/cart', 5, '2026-01-02T00:00:00Z', 2],
        ['shop/idle', 0, null, 0],
      ],
    );
  });
});
