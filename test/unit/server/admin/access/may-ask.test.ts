import assert from 'node:assert/strict';
import { type Need, type Route, routes } from '../../../../../src/admin-api/routes.ts';
import { GatehouseError } from '../../../../../src/errors.ts';
import type { AdminCaller } from '../../../../../src/server/admin/access/admin-caller.ts';
import { mayAsk } from '../../../../../src/server/admin/access/may-ask.ts';
import { createRefusedOrders } from '../../../../../src/server/admin/access/refused-orders.ts';
import type { AdminDeps } from '../../../../../src/server/admin/admin-deps.ts';

const operator: AdminCaller = { who: 'o', role: 'operate', namespaces: undefined };
const reader: AdminCaller = { who: 'r', role: 'read', namespaces: undefined };
const tenant: AdminCaller = { who: 't', role: 'read', namespaces: ['team-a'] };

/** Which routes readers may ask: whoever adds one decides it here too. */
const ofReaders: readonly Route[] = [
  'GET /v1/status',
  'GET /v1/authorities',
  'GET /v1/authorities/gate',
  'GET /v1/rehearsal',
  'GET /v1/ledger',
  'GET /v1/audit',
  'GET /v1/revocations',
  'GET /v1/crl',
  'GET /v1/entries',
  'GET /v1/entries/explain',
  'GET /v1/envoys',
  'GET /v1/objects',
  'GET /v1/bundles',
  'GET /v1/bundles/{trustDomain}',
  'GET /v1/candidate',
  'GET /v1/tenants',
];
const ofTenants: readonly Route[] = [
  'GET /v1/policies',
  'GET /v1/policies/file',
  'GET /v1/stream',
  'GET /v1/decisions',
  'GET /v1/decisions/{id}',
  'GET /v1/edges',
  'GET /v1/requests',
  'GET /v1/rules',
  'POST /v1/explain',
];

function deps(nowMs: () => number = () => 0) {
  const noted: unknown[] = [];
  const operations = { authority: { note: async (row: unknown) => void noted.push(row) } };
  const made = { operations, refusedOrders: createRefusedOrders(nowMs) };
  return { noted, deps: made as unknown as AdminDeps }; // nothing else is looked at
}

async function mayHe(caller: AdminCaller, route: Route): Promise<boolean> {
  try {
    await mayAsk(caller, route, deps().deps);
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof GatehouseError && thrown.code === 'caller_not_authorised', String(thrown));
    return false;
  }
}

describe('mayAsk', () => {
  for (const route of Object.keys(routes) as Route[])
    it(`${route} is answered to whom it may be`, async () => {
      assert.equal(await mayHe(operator, route), true, 'who operates');
      assert.equal(await mayHe(reader, route), [...ofReaders, ...ofTenants].includes(route), 'who reads');
      assert.equal(await mayHe(tenant, route), ofTenants.includes(route), 'who reads team-a');
    });

  it('names the role that is needed and the one that there is', async () => {
    const { deps: some } = deps();
    await assert.rejects(mayAsk(tenant, 'POST /v1/backup', some), {
      message: 't may not ask POST /v1/backup: it needs role operate, and yours is role read in team-a',
    });
    await assert.rejects(mayAsk(tenant, 'GET /v1/ledger', some), {
      message: /needs role read without namespaces, and yours is role read in team-a/,
    });
  });

  it('leaves one row a minute of an order that was refused, and none of a look', async () => {
    let nowMs = 0;
    const { noted, deps: some } = deps(() => nowMs);
    const ask = (route: Route) => mayAsk(reader, route, some).catch(() => undefined);
    await ask('POST /v1/revocations');
    await ask('POST /v1/revocations');
    assert.deepEqual(noted, [
      {
        who: 'r',
        verb: 'POST /v1/revocations',
        use: '',
        authorityId: '',
        reason: 'role read',
        result: 'caller_not_authorised',
      },
    ]);
    nowMs = 60_000;
    await ask('POST /v1/revocations');
    assert.equal(noted.length, 2);
    await mayAsk(tenant, 'GET /v1/ledger', some).catch(() => undefined);
    assert.equal(noted.length, 2);
  });

  it('has a need for every route: one without does not compile', () => {
    const needs: readonly Need[] = Object.values(routes).map((route) => route.needs);
    assert.equal(needs.length, Object.keys(routes).length);
    // @ts-expect-error a route must say what it needs
    const without = { asks: routes['GET /v1/crl'].asks, answers: 'bytes' } satisfies (typeof routes)['GET /v1/crl'];
    assert.ok(!('needs' in without));
  });
});
