import assert from 'node:assert/strict';
import type { CountedEdge } from '../../../../src/authz/record/edges.ts';
import { createEdgeTable } from '../../../../src/server/log/edge-table.ts';

const edge = (more: Partial<CountedEdge> = {}): CountedEdge => ({
  caller: 'spiffe://cluster.local/ns/a/sa/web',
  destination: 'spiffe://cluster.local/ns/b/sa/details',
  namespace: 'b',
  port: 9080,
  protocol: 'http',
  decision: 'allow',
  count: 1,
  lastAt: 1,
  ...more,
});
const none = { allowed: 0, denied: 0 };

describe('createEdgeTable', () => {
  it('adds up equal edges, whoever of the deciders saw them', () => {
    const table = createEdgeTable();
    table.add({ edges: [edge({ count: 2, lastAt: 7 }), edge({ decision: 'deny', count: 5 })], overflow: none });
    table.add({ edges: [edge({ count: 3, lastAt: 4 }), edge({ namespace: 'c' })], overflow: none });
    assert.deepEqual(
      table.edges().map(({ namespace, decision, count, lastAt, change }) => ({
        namespace,
        decision,
        count,
        lastAt,
        change,
      })),
      [
        { namespace: 'b', decision: 'allow', count: 5, lastAt: 7, change: 2 },
        { namespace: 'b', decision: 'deny', count: 5, lastAt: 1, change: 1 },
        { namespace: 'c', decision: 'allow', count: 1, lastAt: 1, change: 2 },
      ],
    );
    assert.deepEqual(table.checks, { allowed: 6, denied: 5 });
    assert.deepEqual(
      table.deniedCallers().map(({ caller, namespace, count }) => [caller, namespace, count]),
      [['spiffe://cluster.local/ns/a/sa/web', 'b', 5]],
    );
  });

  it('is bounded, and every Check is in a row or in the overflow', () => {
    const table = createEdgeTable({ most: 3 });
    for (let i = 0; i < 10; i++)
      table.add({
        edges: [edge({ caller: `c${i}`, decision: 'deny', count: 2 })],
        overflow: { allowed: 1, denied: 1 },
      });
    table.add({ edges: [edge({ caller: 'c0', decision: 'deny', count: 2 })], overflow: none });
    const inRows = table.edges().reduce((sum, { count }) => sum + count, 0);
    assert.equal(table.edges().length, 3);
    assert.deepEqual(table.checks, { allowed: 10, denied: 32 });
    assert.deepEqual(table.overflow, { allowed: 10, denied: 32 - inRows, deniedCallers: 32 - inRows });
  });

  it('adds up requests of an edge, and holds no more of them than it may: denied ones half', () => {
    const table = createEdgeTable({ mostRequests: 4 });
    const request = (path: string, count: number) => ({ method: 'GET', path, count, lastAt: count });
    const some = (decision: 'allow' | 'deny', ...paths: readonly string[]) =>
      edge({ decision, count: 10, requests: paths.map((path) => request(path, 5)) });
    table.add({ edges: [some('deny', '/1', '/2', '/3'), some('allow', '/a')], overflow: none });
    table.add({ edges: [some('allow', '/a', '/b', '/c'), some('deny', '/3', '/1')], overflow: none });
    assert.deepEqual(
      table
        .edges()
        .map(({ decision, count, requests }) => [
          ...[decision, count],
          requests.map((each) => `${each.path} ${each.count}`),
        ]),
      [
        ['deny', 20, ['/1 10', '/2 5']],
        ['allow', 20, ['/a 10', '/b 5']],
      ],
    );
  });
});
