import assert from 'node:assert/strict';
import { type Route, routes } from '../../../../src/admin-api/routes.ts';
import { allowedRoute } from '../../../../src/cli/console/allowed.ts';
import { GatehouseError } from '../../../../src/errors.ts';

const codeOf = (name: string, question: unknown, allowVerbs: boolean): string => {
  try {
    assert.equal(allowedRoute(name, question, allowVerbs), name);
    return 'allowed';
  } catch (thrown) {
    assert.ok(thrown instanceof GatehouseError, String(thrown));
    return thrown.code;
  }
};

/** What gives secrets away, or is no verb of the page: whoever adds a route that changes something decides it here too. */
const never: readonly Route[] = [
  'POST /v1/join-tokens',
  'POST /v1/backup',
  'POST /v1/keys/rewrap',
  'POST /v1/bundles',
  'POST /v1/bundles/delete',
];
/** Has a path of its own. */
const streams: readonly Route[] = ['GET /v1/stream'];
const withoutReason: readonly Route[] = ['POST /v1/rehearsal'];

describe('allowedRoute', () => {
  for (const route of Object.keys(routes) as Route[]) {
    const needsRole = routes[route].needs === 'operate';
    it(`${route} is asked by the page where it may be`, () => {
      const shut = never.includes(route) || streams.includes(route);
      assert.equal(codeOf(route, {}, false), needsRole || shut ? 'caller_not_authorised' : 'allowed');
      assert.equal(codeOf(route, { reason: 'because' }, true), shut ? 'caller_not_authorised' : 'allowed');
      const unsaid = shut
        ? 'caller_not_authorised'
        : needsRole && !withoutReason.includes(route)
          ? 'message_invalid'
          : 'allowed';
      for (const question of [{}, { reason: ' ' }, { reason: 7 }, null])
        assert.equal(codeOf(route, question, true), unsaid);
    });
  }

  it('knows no others', () => {
    for (const name of ['GET /v1/nothing', '__proto__', 'toString', ''])
      assert.equal(codeOf(name, {}, true), 'not_found');
  });
});
