import assert from 'node:assert/strict';
import type { DecisionRow } from '../../../../src/admin-api/decisions.ts';
import type { EdgeRow } from '../../../../src/admin-api/edges.ts';
import { readAddress, tokenOf, viewNames, writeAddress } from '../../../../src/console/model/address.ts';
import { noFilter, shortId, wanted } from '../../../../src/console/model/decisions.ts';
import { csvOf, jsonOf } from '../../../../src/console/model/export.ts';
import { graphOf, kindOf } from '../../../../src/console/model/graph.ts';
import { heldOf, issuedOverTime } from '../../../../src/console/model/renewals.ts';
import { withNewest } from '../../../../src/console/model/ring.ts';
import { fromNow, spanText, tookText } from '../../../../src/console/model/times.ts';

const id = (account: string): string => `spiffe://cluster.local/ns/${account.replace('/', '/sa/')}`;

describe('withNewest', () => {
  it('puts what came last first, and keeps so many', () => {
    assert.deepEqual(withNewest([3, 2, 1], [4, 5], 10), [5, 4, 3, 2, 1]);
    assert.deepEqual(withNewest([3, 2, 1], [4, 5], 3), [5, 4, 3]);
    assert.deepEqual(withNewest([1], [2, 3, 4, 5], 2), [5, 4]);
    const kept = [1];
    assert.equal(withNewest(kept, [], 2), kept);
  });
});

describe('wanted', () => {
  const row: DecisionRow = {
    ...{ id: 'x', at: '2026-01-01T00:00:00.000Z', decision: 'deny', reason: 'no_rule_allowed', snapshot: 1 },
    policy: 'shop/cart',
    source: { principal: id('web/front'), address: '10.0.0.1' },
    destination: { spiffeId: id('shop/cart'), foundBy: 'principal' },
    request: { protocol: 'http', method: 'POST', host: 'cart', path: '/v1/Orders' },
    dryRun: { decision: 'allow' },
  };
  const cases: readonly [Partial<typeof noFilter>, boolean][] = [
    [{}, true],
    [{ show: 'deny' }, true],
    [{ show: 'allow' }, false],
    [{ show: 'dry-run' }, true],
    [{ show: 'candidate' }, false],
    [{ from: 'WEB/Front' }, true],
    [{ from: 'web/back' }, false],
    [{ to: 'shop/cart' }, true],
    [{ from: 'front' }, true],
    [{ from: '10.0.0.1' }, true],
    [{ to: 'cart', path: 'post cart/v1/orders' }, true],
    [{ to: 'cart', reason: 'rule_denied' }, false],
    [{ policy: 'shop/' }, true],
  ];
  for (const [filter, want] of cases)
    it(`${want ? 'takes' : 'leaves'} it by ${JSON.stringify(filter)}`, () => {
      assert.equal(wanted({ ...noFilter, ...filter })(row), want);
    });
});

describe('addresses of the page', () => {
  it('hold the view and what it asks, and never a token', () => {
    for (const view of viewNames)
      assert.deepEqual(readAddress(writeAddress({ view, query: { to: 'a/b&c' } })), { view, query: { to: 'a/b&c' } });
    assert.equal(writeAddress({ view: 'live', query: { to: '' } }), '#/live');
    for (const odd of ['', '#', '#/nothing?x=1', '#token=abc', '#/<b>']) assert.equal(readAddress(odd).view, 'live');
    assert.equal(tokenOf('#token=aB-_9'), 'aB-_9');
    assert.equal(tokenOf('#/live?token=x'), undefined);
    assert.equal(tokenOf('#token=a&b'), undefined);
  });
});

describe('tables for others', () => {
  const table = {
    headings: ['who', 'what'],
    rows: [
      ['a,b', 'say "x"'],
      ['=cmd()', 'two\nlines'],
    ],
  };
  it('are CSV that no spreadsheet takes for formulas', () => {
    assert.equal(csvOf(table), 'who,what\r\n"a,b","say ""x"""\r\n\'=cmd(),"two\nlines"\r\n');
  });
  it('are JSON', () => {
    assert.deepEqual(JSON.parse(jsonOf(table)), [
      { who: 'a,b', what: 'say "x"' },
      { who: '=cmd()', what: 'two\nlines' },
    ]);
  });
});

describe('graphOf', () => {
  const edge = (from: string, to: string, decision: 'allow' | 'deny', count: number): EdgeRow => ({
    ...{
      decider: null,
      caller: from === '' ? '' : id(from),
      destination: id(to),
      namespace: 'x',
      port: 80,
      protocol: 'http',
      lastAt: '',
    },
    decision,
    count,
  });
  const seen = [
    edge('web/a', 'shop/x', 'allow', 3),
    edge('web/b', 'shop/x', 'deny', 1),
    edge('', 'shop/y', 'deny', 2),
    edge('shop/x', 'shop/y', 'allow', 1),
  ];
  const usual = { unfolded: new Set<string>(), search: '', allowedPairs: [], conflicts: [] };

  it('folds namespaces, and unfolds those that are asked for', () => {
    const folded = graphOf(seen, usual);
    assert.deepEqual(folded.nodes, ['?', 'shop', 'web']);
    assert.deepEqual(
      folded.edges.map((each) => [each.from, each.to, kindOf(each), each.allowed, each.denied]),
      [
        ['web', 'shop', 'both', 3, 1],
        ['?', 'shop', 'denied', 0, 2],
        ['shop', 'shop', 'allowed', 1, 0],
      ],
    );
    assert.deepEqual(graphOf(seen, { ...usual, unfolded: new Set(['shop']) }).nodes, ['?', 'shop/x', 'shop/y', 'web']);
    assert.deepEqual(graphOf(seen, { ...usual, search: 'web/b' }).edges.length, 1);
  });

  it('adds what is allowed and was never seen, and where planes disagree', () => {
    const pairs = [
      ['web/a', 'shop/x'],
      ['web/b', 'bank/z'],
    ] as const;
    const disagreed = { from: 'web/a', to: 'db/main', allowedBy: ['istio'], deniedBy: ['l4'] };
    const conflicts = [
      { ...disagreed, allowedByOwners: ['shop'], deniedByOwners: ['network', 'platform'] },
      { ...disagreed, from: 'web/b', allowedByOwners: [], deniedByOwners: [] },
    ];
    const { edges } = graphOf(seen, { ...usual, allowedPairs: pairs, conflicts });
    const of = (to: string) => edges.find((each) => each.from === 'web' && each.to === to);
    assert.deepEqual([of('bank')?.unseen, of('shop')?.unseen], [true, false]);
    assert.equal(
      of('db')?.conflict,
      'istio (of shop) allows, l4 (of network, platform) denies; istio allows, l4 denies',
    );
    assert.deepEqual(
      ['bank', 'db'].map((to) => kindOf(of(to)!)),
      ['unseen', 'conflict'],
    );
  });
});

describe('heldOf', () => {
  const row = (spiffeId: string, issued: number, ends: number, more: object = {}) => ({
    ...{ issuedAt: new Date(issued).toISOString(), kind: 'x509', spiffeId, serial: `${issued}`, authorityId: 'aa' },
    ...{
      notBefore: '',
      notAfter: new Date(ends).toISOString(),
      selectors: [],
      spkiSha256: '',
      channel: 'workload-api',
      consumer: '',
      bundleSequence: 1,
    },
    ...more,
  });
  it('has the newest of each workload, the first to end first, and tells who is late', () => {
    const rows = [row('a', 0, 100), row('a', 60, 160), row('b', 0, 90), row('c', 0, 10, { kind: 'jwt' })];
    assert.deepEqual(
      heldOf(rows, 80).map(({ spiffeId, serial, isLate }) => [spiffeId, serial, isLate]),
      [
        ['b', '0', true],
        ['a', '60', false],
      ],
    );
  });
  it('counts who signed how much over time', () => {
    const { authorities, at, series } = issuedOverTime(
      [row('a', 0, 1), row('a', 9_000, 1), row('a', 10_000, 1, { authorityId: 'bb' })],
      10,
    );
    assert.deepEqual(authorities, ['aa', 'bb']);
    assert.equal(at.length, 11);
    assert.deepEqual(
      series.map((counts) => counts.reduce((a, b) => a + b, 0)),
      [2, 1],
    );
    assert.deepEqual(issuedOverTime([], 10), { authorities: [], at: [], series: [] });
  });
});

describe('times', () => {
  it('are short', () => {
    const cases: readonly [number, string][] = [
      [0, '0s'],
      [45, '45s'],
      [125, '2m 5s'],
      [7_500, '2h 5m'],
      [90_061, '1d 1h'],
      [-60, '1m'],
    ];
    for (const [seconds, want] of cases) assert.equal(spanText(seconds), want);
    const now = Date.parse('2026-01-01T12:00:00Z');
    assert.equal(fromNow('2026-01-01T11:57:00Z', now), '3m ago');
    assert.equal(fromNow('2026-01-01T14:00:00Z', now), 'in 2h');
    assert.equal(fromNow('never', now), '');
    assert.deepEqual([2.8e-6, 1.2e-3, 3, null, undefined].map(tookText), ['2.8 µs', '1.2 ms', '3 s', '–', '–']);
    assert.equal(shortId('spiffe://x/y'), 'spiffe://x/y');
  });
});
