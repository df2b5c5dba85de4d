import assert from 'node:assert/strict';
import type { EdgesAnswer } from '../../../src/admin-api/edges.ts';
import type { RequestsAnswer } from '../../../src/admin-api/seen/requests.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { gatehouseJson, runGatehouse } from '../../support/run-gatehouse.ts';

const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

async function edgesOf(admin: string, query = ''): Promise<EdgesAnswer> {
  const { status, body } = await askAdmin(admin, 'GET', `/v1/edges${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as EdgesAnswer; // held to its schema by askAdmin
}

describe('GET /v1/edges', function () {
  this.timeout(300_000);

  it('counts every Check of all deciders of this server, right after it was answered', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 2 } });
    await using server = await runGatehouse(dir.config);
    const before = await edgesOf(server.ready.admin);
    assert.deepEqual([before.edges, before.deciders.map(({ state }) => state)], [[], ['here']]);
    for (let i = 0; i < 8; i++) {
      using client = checkClient(server.ready.extAuthz); // each in turn to another decider
      await client.ask(question(i % 4 === 0 ? 'POST' : 'GET'));
    }
    using client = checkClient(server.ready.extAuthz);
    await client.ask(Buffer.from([0xff, 0xff, 0xff]));
    const nowhere = question('GET');
    await client.ask({ attributes: { ...nowhere.attributes, destination: { principal: 'nobody' } } });

    const { edges, deniedCallers, deciders, edgeCount } = await edgesOf(server.ready.admin);
    const usual = {
      decider: null,
      caller: id('productpage'),
      destination: id('details'),
      namespace: 'default',
      port: null,
    };
    const none = { destination: '', namespace: '', port: null, decision: 'deny', count: 1, decider: null };
    const rows = edges.map(({ lastAt, ...row }) => {
      assert.ok(Math.abs(Date.parse(lastAt) - Date.now()) < 300_000);
      return row;
    });
    assert.equal(edgeCount, 4);
    for (const row of [
      { ...usual, protocol: 'http', decision: 'allow', count: 6 },
      { ...usual, protocol: 'http', decision: 'deny', count: 2 },
      { ...none, caller: '', protocol: 'unknown' },
      { ...none, caller: id('productpage'), protocol: 'http' },
    ])
      assert.ok(
        rows.some((each) => same(each, row)),
        `${JSON.stringify(row)} in ${JSON.stringify(rows)}`,
      );
    assert.deepEqual(
      deniedCallers
        .map(({ caller, namespace, count }) => [caller, namespace, count] as const)
        .toSorted(([a, b], [c, d]) => `${a} ${b}`.localeCompare(`${c} ${d}`)),
      [
        ['', '', 1],
        [id('productpage'), '', 1],
        [id('productpage'), 'default', 2],
      ],
    );
    const [here] = deciders;
    assert.deepEqual(
      [here?.decider, here?.allowed, here?.denied, here?.overflow],
      [null, 6, 4, { allowed: 0, denied: 0, deniedCallers: 0 }],
    );
    const { edges: one, edgeCount: all } = await edgesOf(server.ready.admin, '?limit=1');
    assert.deepEqual([one.map(({ count }) => count), all], [[6], 4]);
    const denied = await edgesOf(server.ready.admin, '?limit=2&decision=deny'); // the limit counts what was asked for
    const counted = denied.edges.map(({ decision, count }) => [decision, count]);
    assert.deepEqual(
      [counted, denied.edgeCount],
      [
        [
          ['deny', 2],
          ['deny', 1],
        ],
        3,
      ],
    );
  });
});

describe('GET /v1/requests', function () {
  this.timeout(300_000);

  it('counts by method and shape of path, exactly, of all deciders', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 2 } });
    await using server = await runGatehouse(dir.config);
    const traffic = [
      ...Array.from({ length: 7 }, (_, i) => ['GET', `/details/${i}?n=${i}`] as const),
      ...(['a', 'a', 'b'] as const).map((path) => ['GET', `/${path}`] as const),
      ...Array.from({ length: 4 }, (_, i) => ['POST', `/details/${i}`] as const),
      ['GET', '/a*'] as const,
    ];
    for (const [method, path] of traffic) {
      using client = checkClient(server.ready.extAuthz);
      await client.ask(question(method, path));
    }
    const { status, body } = await askAdmin(server.ready.admin, 'GET', '/v1/requests');
    assert.equal(status, 200, JSON.stringify(body));
    const { requests, requestCount, deciders } = body as RequestsAnswer; // held to its schema by askAdmin
    assert.deepEqual(
      requests.map(({ method, path, decision, count }) => `${method} ${path} ${decision} ${count}`).toSorted(),
      ['GET /a allow 2', 'GET /b allow 1', 'GET /details/{*} allow 7', 'GET =/a* allow 1', 'POST /details/{*} deny 4'],
    );
    const [here] = deciders;
    assert.deepEqual(
      [requestCount, here?.overflow, here?.unshaped, here?.lost],
      [5, { allowed: 0, denied: 0 }, { allowed: 0, denied: 0 }, 0],
    );
    const shown = (await gatehouseJson('edges', '--config', dir.config, '--requests', '--deny')) as RequestsAnswer;
    assert.deepEqual(
      shown.requests.map(({ path, count }) => [path, count]),
      [['/details/{*}', 4]],
    );
  });
});

const same = (a: object, b: object): boolean => {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
};
