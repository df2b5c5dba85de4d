import assert from 'node:assert/strict';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { feedError } from '../../../../src/server/feed/feed-connection.ts';

function error(code: status, details: string, told?: string): ServiceError {
  const metadata = new Metadata();
  if (told !== undefined) metadata.set('gatehouse-code', told);
  return Object.assign(new Error(details), { code, details, metadata });
}

describe('feedError', () => {
  const cases = [
    {
      name: 'a refusal, in the words of the authority',
      error: error(status.PERMISSION_DENIED, 'the join token was used', 'not_entitled'),
      code: 'not_entitled',
      says: /^the authority at a:1 refuses: the join token was used$/,
    },
    {
      name: 'a certificate that is not valid yet: clocks',
      error: error(status.UNAVAILABLE, 'No connection established. Last error: certificate is not yet valid'),
      code: 'unreachable',
      says: /not yet valid; compare the clocks of both machines$/,
    },
    {
      name: 'a certificate that has expired: clocks',
      error: error(status.UNAVAILABLE, 'Last error: certificate has expired'),
      code: 'unreachable',
      says: /has expired; compare the clocks/,
    },
    {
      name: 'nobody there',
      error: error(status.UNAVAILABLE, 'connect ECONNREFUSED'),
      code: 'unreachable',
      says: /^the authority at a:1 cannot be followed: connect ECONNREFUSED$/,
    },
    {
      name: 'a code that means something else over there',
      error: error(status.INTERNAL, 'internal error', 'internal'),
      code: 'unreachable',
      says: /internal error/,
    },
  ];
  for (const { name, error: given, code, says } of cases) {
    it(`tells of ${name}`, () => {
      const told = feedError(given, 'a:1');
      assert.equal(told.code, code);
      assert.match(told.message, says);
    });
  }
});
