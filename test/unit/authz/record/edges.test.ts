import assert from 'node:assert/strict';
import type { FoundDestination } from '../../../../src/authz/destination/destination.ts';
import { type AskedEdge, EdgeCounters } from '../../../../src/authz/record/edges.ts';
import { decision } from '../../../../src/policy/decision.ts';

const allow = decision(undefined, 'allow', 'rule_allowed');
const deny = decision(undefined, 'deny', 'no_rule_allowed');

const destination = (name: string, namespace = 'default'): FoundDestination => ({
  spiffeId: `spiffe://cluster.local/ns/default/sa/${name}`,
  namespace,
  serviceAccount: name,
  labels: undefined,
  trustedHops: 0,
  foundBy: 'principal',
});

const asked = (more: Partial<AskedEdge> = {}): AskedEdge => ({
  callerName: 'spiffe://cluster.local/ns/default/sa/web',
  destination: destination('details'),
  port: 9080,
  protocol: 'http',
  ...more,
});

describe('EdgeCounters', () => {
  it('counts equal Checks in one row, and keeps apart whatever differs', () => {
    const counters = new EdgeCounters();
    const others: Partial<AskedEdge>[] = [
      { callerName: '' },
      { destination: destination('reviews') },
      { destination: destination('details', 'moved') },
      { destination: undefined },
      { port: -1 },
      { port: 65_535 },
      { protocol: 'tcp' },
      { protocol: 'udp' },
      { protocol: 'unknown' },
    ];
    for (const other of others) counters.count(asked(other), allow, 5);
    for (const atMs of [1, 2, 3]) counters.count(asked(), allow, atMs);
    counters.count(asked(), deny, 4);
    counters.count(asked({ destination: destination('details', 'moved') }), allow, 6);
    const { edges, overflow } = counters.take();
    assert.deepEqual(overflow, { allowed: 0, denied: 0 });
    assert.equal(edges.length, others.length + 2);
    const usual = {
      caller: 'spiffe://cluster.local/ns/default/sa/web',
      destination: 'spiffe://cluster.local/ns/default/sa/details',
      namespace: 'default',
      port: 9080,
      protocol: 'http',
    };
    const has = (row: object): void =>
      assert.ok(
        edges.some((edge) => JSON.stringify(edge) === JSON.stringify(row)),
        JSON.stringify(row),
      );
    has({ ...usual, decision: 'allow', count: 3, lastAt: 3 });
    has({ ...usual, decision: 'deny', count: 1, lastAt: 4 });
    has({ ...usual, namespace: 'moved', decision: 'allow', count: 2, lastAt: 6 });
    has({ ...usual, destination: '', namespace: '', decision: 'allow', count: 1, lastAt: 5 });
    has({ ...usual, port: -1, decision: 'allow', count: 1, lastAt: 5 });
    has({ ...usual, port: 65_535, decision: 'allow', count: 1, lastAt: 5 });
    has({ ...usual, protocol: 'udp', decision: 'allow', count: 1, lastAt: 5 });
  });

  it('begins anew with each take', () => {
    const counters = new EdgeCounters();
    counters.count(asked(), allow, 1);
    counters.take();
    assert.deepEqual(counters.take(), { edges: [], overflow: { allowed: 0, denied: 0 } });
  });

  it('counts exactly what finds no row: too many rows, names too long, too many bytes of names', () => {
    const few = new EdgeCounters(2);
    for (let i = 0; i < 10; i++) few.count(asked({ port: i }), i % 2 === 0 ? allow : deny, i);
    few.count(asked({ port: 0 }), allow, 11);
    const { edges, overflow } = few.take();
    assert.deepEqual([edges.map(({ count }) => count), overflow], [[2, 1], { allowed: 4, denied: 4 }]);

    const long = new EdgeCounters();
    long.count(asked({ callerName: 'x'.repeat(2_049) }), deny, 1);
    for (let i = 0; i < 1_000; i++) long.count(asked({ callerName: `${i} ${'x'.repeat(2_000)}` }), deny, 1);
    const taken = long.take();
    const bytes = taken.edges.reduce((sum, { caller }) => sum + caller.length, 0);
    assert.ok(bytes < 1_100_000, `${bytes} bytes`);
    assert.equal(taken.edges.length + taken.overflow.denied, 1_001);
  });

  it('shows names that are no ASCII as text', () => {
    const counters = new EdgeCounters();
    counters.count(asked({ callerName: Buffer.from('CN=Jürgen').toString('latin1') }), allow, 1);
    assert.equal(counters.take().edges[0]?.caller, 'CN=Jürgen');
  });

  const requestOf = (method: string, path: string | undefined, shape = path ?? '') => ({
    asked: { method, path, shape: () => shape },
  });

  it('counts requests by method and shape of path, and what has none with its edge', () => {
    const counters = new EdgeCounters();
    for (const [atMs, path] of ['/a/1', '/a/2', '/a/1'].entries())
      counters.count(asked(requestOf('GET', path, '/a/{*}')), allow, atMs);
    counters.count(asked(requestOf('PUT', '/a/1', '/a/{*}')), allow, 7);
    counters.count(asked(requestOf('PUT', '/a/1', '/a/{*}')), deny, 8);
    counters.count(asked(requestOf('GET', undefined)), allow, 9);
    counters.count(asked(requestOf('GET', `/${'x'.repeat(600)}`)), allow, 10);
    assert.deepEqual(
      counters.take().edges.map(({ decision: effect, count, requests }) => [effect, count, requests]),
      [
        [
          ...['allow', 6],
          [
            { method: 'GET', path: '/a/{*}', count: 3, lastAt: 2 },
            { method: 'PUT', path: '/a/{*}', count: 1, lastAt: 7 },
          ],
        ],
        ['deny', 1, [{ method: 'PUT', path: '/a/{*}', count: 1, lastAt: 8 }]],
      ],
    );
  });

  it('holds a bounded number of shapes, counts all the same, and lets denied ones push out no others', () => {
    const counters = new EdgeCounters();
    for (let i = 0; i < 100_000; i++) counters.count(asked(requestOf('GET', `/denied/${i}`)), deny, i);
    for (let i = 0; i < 3_000; i++) counters.count(asked(requestOf('GET', `/allowed/${i}`)), allow, i);
    const { edges, overflow } = counters.take();
    assert.deepEqual(overflow, { allowed: 0, denied: 0 });
    assert.deepEqual(
      edges.map(({ decision: effect, count, requests }) => [effect, count, requests?.length]),
      [
        ['deny', 100_000, 4_096],
        ['allow', 3_000, 3_000],
      ],
    );
    counters.count(asked(requestOf('GET', '/denied/5')), deny, 1);
    assert.deepEqual(counters.take().edges[0]?.requests?.length, 1);
  });
});
