import assert from 'node:assert/strict';
import { refusalFor } from '../../../../src/cli/console/refusal.ts';
import { GatehouseError } from '../../../../src/errors.ts';

describe('refusalFor', () => {
  const cases = [
    {
      name: 'passes what was written for whoever asks, and which version has said it',
      thrown: new GatehouseError('message_invalid', 'otherwise than this program knows', {
        ...{ version: '9.9.9', route: 'GET /v1/edges', field: 'edges[0]' },
        ...{ file: '/etc/gatehouse/ca.pem', address: 'unix:/run/admin.sock', context: { key: 'x' } },
      }),
      want: {
        code: 'message_invalid',
        message: 'otherwise than this program knows',
        details: { version: '9.9.9', route: 'GET /v1/edges', field: 'edges[0]' },
      },
      reported: 0,
    },
    {
      name: 'passes no detail that is no text',
      thrown: new GatehouseError('not_found', 'there is none', { version: { of: 'x' }, route: 7 }),
      want: { code: 'not_found', message: 'there is none', details: {} },
      reported: 0,
    },
    {
      name: 'tells who has started the console what nobody has foreseen, and the page nothing of it',
      thrown: new TypeError('secret of /root/.ssh'),
      want: { code: 'internal', details: {} },
      reported: 1,
    },
    { name: 'takes whatever is thrown', thrown: 'secret', want: { code: 'internal', details: {} }, reported: 1 },
  ];
  for (const { name, thrown, want, reported } of cases)
    it(name, () => {
      const reports: string[] = [];
      const refusal = refusalFor(thrown, (what) => void reports.push(what));
      assert.deepEqual({ ...refusal, ...want }, refusal);
      assert.equal(reports.length, reported);
      assert.doesNotMatch(JSON.stringify(refusal), /secret|etc|run|admin\.sock/);
    });
});
