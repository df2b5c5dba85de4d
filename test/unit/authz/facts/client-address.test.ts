import assert from 'node:assert/strict';
import { forwardedClient, toAddress } from '../../../../src/authz/facts/client-address.ts';
import { deny, source } from '../../../differential/corners/corner.ts';
import { asker } from '../../../support/asked.ts';

/** Envoy 1.40 takes each as it is taken here, on a machine that has the interface. */
// biome-ignore format: a table
const zoned: readonly (readonly [text: string, want: string | undefined])[] = [
  ['fe80::1%4', 'fe80::1'], ['fe80::1%eth0', 'fe80::1'], ['ff02::1%lo', 'ff02::1'], ['2001:db8::1%1', '2001:db8::1'], ['2001:db8::1%0', '2001:db8::1'], ['2001:db8::1%01', '2001:db8::1'],
  ['2001:db8::1%4294967295', '2001:db8::1'], ['2001:db8::1%4294967296', undefined], ['2001:db8::1%lo', undefined], ['2001:db8::1%', undefined], ['fe80::1%', undefined], ['2001:db8::1%+1', undefined],
  ['2001:db8::1%0x1', undefined], ['2001:db8::1% 1', undefined], ['2001:db8::1%1%1', undefined], ['ff05::1%lo', undefined], ['::ffff:10.0.0.1%1', '::ffff:10.0.0.1'], ['10.0.0.1%1', undefined], ['10.0.0.1%', undefined], ['%1', undefined], ['', undefined],
];

describe('the address of a connection', () => {
  for (const [text, want] of zoned)
    it(`${JSON.stringify(text)} is ${want ?? 'none'}`, () => assert.equal(toAddress(text)?.text, want));

  it('is that of its range whatever its zone: Envoy writes a caller of the link as fe80::1%4', () => {
    const { ask } = asker([deny(source({ ipBlocks: ['fe80::/10'] }), source({ remoteIpBlocks: ['2001:db8::/32'] }))]);
    assert.equal(ask({ source: 'fe80::1%4' }).reason, 'rule_denied');
    assert.equal(ask({ source: '2001:db9::1%4' }).allowed, true);
    assert.equal(ask({ lines: [['x-forwarded-for', '2001:db8::1%4']] }).reason, 'rule_denied');
  });
});

describe('the client by X-Forwarded-For', () => {
  it('has blanks and tabs around it, and no other white space', () => {
    assert.equal(forwardedClient('\t10.0.0.1 ', 0)?.text, '10.0.0.1');
    for (const xff of ['10.0.0.1\xa0', '\xa010.0.0.1', '10.0.0.1\u0085'])
      assert.equal(forwardedClient(xff, 0), undefined);
  });
});
