import assert from 'node:assert/strict';
import { createAccounts } from '../../../../src/lib/accounts.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import type { AdminDeps } from '../../../../src/server/admin/admin-deps.ts';
import { answerRoute, routeOf } from '../../../../src/server/admin/handlers.ts';
import { readQuestion } from '../../../../src/server/admin/question.ts';

const ofTheAuthority = [
  'GET /v1/authorities',
  'GET /v1/authorities/gate',
  'POST /v1/authorities/prepare',
  'POST /v1/authorities/revoke',
  'GET /v1/rehearsal',
  'POST /v1/rehearsal',
  'GET /v1/audit',
  'GET /v1/ledger',
  'GET /v1/revocations',
  'POST /v1/revocations',
  'POST /v1/revocations/undo',
  'GET /v1/crl',
  'POST /v1/join-tokens',
  'POST /v1/backup',
  'POST /v1/keys/rewrap',
];

/** Of a server that is only a decider. */
const deps = {
  operations: undefined,
  config: () => ({ authorityAddresses: ['10.0.0.1:7443'] }),
  entries: createWatchable([]),
  revocations: createWatchable(undefined),
  accounts: createAccounts(),
  status: () => ({ pid: 1 }),
} as unknown as AdminDeps; // no handler below reads more

async function ask(route: string): Promise<unknown> {
  const [method = '', path = ''] = route.split(' ');
  const found = routeOf(method, path);
  const read = () => readQuestion(found, { query: new URLSearchParams(), body: undefined });
  return answerRoute(found.route, { who: 'uid:0', role: 'operate', namespaces: undefined }, read, deps);
}

describe('admin routes on a server that is only a decider', () => {
  for (const route of ofTheAuthority)
    it(`${route} names where the authority is`, async () => {
      const want = { code: 'not_supported', message: /ask the server of the authority.*10\.0\.0\.1:7443/ };
      await assert.rejects(ask(route), want);
    });

  it('answer what needs no authority', async () => {
    assert.deepEqual(await ask('GET /v1/status'), { pid: 1 });
    assert.deepEqual(await ask('GET /v1/entries'), { entries: [] });
  });
});
