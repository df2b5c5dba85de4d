import assert from 'node:assert/strict';
import { outsideClasses } from '../../../../src/analysis/universe/outside.ts';

describe('outsideClasses', () => {
  for (const { name, taken, ranges, want } of [
    { name: 'one class without ranges', taken: [], ranges: [], want: [['0.0.0.0/0', '8000::/1']] },
    {
      name: 'tells addresses in a range from those outside',
      taken: [],
      ranges: ['128.0.0.0/1'],
      want: [['128.0.0.0/1'], ['0.0.0.0/1', '8000::/1']],
    },
    {
      name: 'leaves out the addresses of pods',
      taken: ['0.0.0.0/32'],
      ranges: ['0.0.0.0/30'],
      want: [
        ['0.0.0.1/32', '0.0.0.2/31'],
        ['0.0.0.4/30', '0.0.0.8/29', '0.0.0.16/28'],
      ],
    },
    {
      name: 'joins halves that are alike',
      taken: [],
      ranges: ['10.0.0.0/9', '10.128.0.0/9'],
      want: [['10.0.0.0/9'], ['10.128.0.0/9']],
    },
  ])
    it(name, () => {
      const made = outsideClasses(taken, ranges).map(({ cidrs }) => cidrs);
      for (const [i, wanted] of want.entries())
        assert.ok(
          made.some((cidrs) => wanted.every((cidr) => cidrs.includes(cidr))),
          `${i}: ${JSON.stringify(made.map((cidrs) => cidrs.slice(0, 6)))}`,
        );
    });

  it('takes an address of each class that is in it', () => {
    for (const { address, cidrs } of outsideClasses(['10.0.0.1/32'], ['10.0.0.0/8', 'fd00::/8', '203.0.113.0/24']))
      assert.ok(cidrs.length > 0 && address !== '', address);
  });
});
