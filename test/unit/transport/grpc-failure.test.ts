import assert from 'node:assert/strict';
import { failureText } from '../../../src/transport/grpc-failure.ts';

describe('failureText', () => {
  const cases = [
    {
      name: 'a socket that is not there',
      details: 'No connection established. Last error: Error: connect ENOENT /nope.sock. Resolution note: ',
      want: 'connect ENOENT /nope.sock',
    },
    {
      name: 'an address that refuses',
      details:
        'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: retrying (2). ',
      want: 'connect ECONNREFUSED 127.0.0.1:1',
    },
    {
      name: 'no error at all',
      details: 'No connection established. Last error: null. Resolution note: ',
      want: 'no connection',
    },
    {
      name: 'a name without address',
      details: 'No addresses resolved. Resolution note: DNS returned nothing',
      want: 'its name has no address: DNS returned nothing',
    },
    { name: 'a sentence of its next version', details: 'Gone. Resolution note: x', want: 'Gone' },
    { name: 'what a server says', details: 'no identity issued', want: 'no identity issued' },
  ];
  for (const { name, details, want } of cases) it(name, () => assert.equal(failureText(details), want));
});
