import assert from 'node:assert/strict';
import { createAddressSegments } from '../../../../../../src/analysis/lint/exact/free/address-segments.ts';
import { type IpRange, parseCidr } from '../../../../../../src/lib/ip-address.ts';

const range = (text: string): IpRange => parseCidr(text)!; // the texts are ranges
const named = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.255.255.255',
  '11.0.0.0/8',
  '::/0',
  '::',
  'fd00::/8',
  '255.255.255.255',
];

describe('createAddressSegments', () => {
  const { domain, of } = createAddressSegments(named.map(range));
  const setOf = (...texts: readonly string[]): number => of(texts.map(range));
  for (const { name, outer, inner, want } of [
    { name: 'a range within another', outer: ['10.0.0.0/8'], inner: ['10.1.0.0/16'], want: true },
    { name: 'the last address of a range', outer: ['10.0.0.0/8'], inner: ['10.255.255.255'], want: true },
    { name: 'the range beside', outer: ['10.0.0.0/8'], inner: ['11.0.0.0/8'], want: false },
    { name: 'the wider one', outer: ['10.1.0.0/16'], inner: ['10.0.0.0/8'], want: false },
    { name: 'another family', outer: ['0.0.0.0/0'], inner: ['::'], want: false },
    { name: 'the last address there is', outer: ['0.0.0.0/0'], inner: ['255.255.255.255'], want: true },
    { name: 'the first of IPv6', outer: ['::/0'], inner: ['::'], want: true },
    { name: 'one of several', outer: ['10.1.0.0/16', 'fd00::/8'], inner: ['fd00::/8'], want: true },
  ])
    it(`${want ? 'holds' : 'does not hold'} ${name}`, () =>
      assert.equal(domain.minus(setOf(...inner), setOf(...outer)) === 0, want));

  it('knows that both families together are all', () => assert.equal(setOf('0.0.0.0/0', '::/0'), domain.full));
});
