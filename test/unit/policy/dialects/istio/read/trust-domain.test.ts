import assert from 'node:assert/strict';
import { expandPrincipals, expandTrustDomains } from '../../../../../../src/policy/dialects/istio/read/trust-domain.ts';

describe('expandPrincipals', () => {
  const table: readonly { name: string; of: string; over: readonly string[]; want: readonly string[] }[] = [
    { name: 'our own trust domain', of: 'td1/ns/a/sa/b', over: ['td1'], want: ['td1/ns/a/sa/b'] },
    { name: 'an alias', of: 'td2/ns/a/sa/b', over: ['td1', 'td2'], want: ['td1/ns/a/sa/b', 'td2/ns/a/sa/b'] },
    {
      name: 'cluster.local, whatever we are called',
      of: 'cluster.local/ns/a/sa/b',
      over: ['td1', 'td2'],
      want: ['td1/ns/a/sa/b', 'td2/ns/a/sa/b'],
    },
    { name: 'a foreign one, not at all', of: 'other/ns/a/sa/b', over: ['td1', 'td2'], want: ['other/ns/a/sa/b'] },
    { name: 'a star alone, not at all', of: '*/ns/a/sa/b', over: ['td1', 'td2'], want: ['*/ns/a/sa/b'] },
    {
      name: 'a suffix that fits one of ours',
      of: '*-td/ns/a/sa/b',
      over: ['old-td', 'other'],
      want: ['*-td/ns/a/sa/b', 'other/ns/a/sa/b'],
    },
    {
      name: 'a suffix that fits all of ours',
      of: '*-td/ns/a/sa/b',
      over: ['old-td', 'new-td'],
      want: ['*-td/ns/a/sa/b'],
    },
    { name: 'a prefix', of: 'td*/ns/a/sa/b', over: ['td1', 'x'], want: ['td1/ns/a/sa/b', 'x/ns/a/sa/b'] },
    { name: 'four parts, not at all', of: 'td1/ns/a/sa', over: ['td1', 'td2'], want: ['td1/ns/a/sa'] },
    { name: 'any five parts', of: 'td1/a/b/c/d*', over: ['td1', 'td2'], want: ['td1/a/b/c/d*', 'td2/a/b/c/d*'] },
  ];
  for (const { name, of, over, want } of table) {
    it(`expands ${name}`, () => assert.deepEqual(expandPrincipals([of], over), want));
  }
});

describe('expandTrustDomains', () => {
  it('expands a value that equals one of ours, and no other', () => {
    assert.deepEqual(expandTrustDomains(['td2', 'x', 'td*'], ['td1', 'td2']), ['td1', 'td2', 'x', 'td*']);
  });
});
