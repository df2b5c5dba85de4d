import assert from 'node:assert/strict';
import { type ChoiceFlags, chooseSvids } from '../../../../src/cli/svid/choose-svids.ts';

const all = {
  svids: [
    { spiffeId: 'spiffe://a.b/one', hint: 'internal' },
    { spiffeId: 'spiffe://a.b/two', hint: 'external' },
    { spiffeId: 'spiffe://a.b/three', hint: '' },
  ],
};

describe('chooseSvids', () => {
  const rows: readonly { flags: ChoiceFlags; want: readonly string[] }[] = [
    { flags: {}, want: ['one', 'two', 'three'] },
    { flags: { hint: 'external' }, want: ['two'] },
    { flags: { hint: '' }, want: ['three'] },
    { flags: { id: 'spiffe://a.b/one' }, want: ['one'] },
    { flags: { id: 'spiffe://a.b/one', hint: 'internal' }, want: ['one'] },
  ];
  for (const { flags, want } of rows)
    it(`chooses ${want.join(', ')} by ${JSON.stringify(flags)}`, () =>
      assert.deepEqual(
        chooseSvids(all, flags).svids.map(({ spiffeId }) => spiffeId.slice('spiffe://a.b/'.length)),
        want,
      ));

  for (const flags of [{ id: 'spiffe://a.b/on' }, { hint: 'Internal' }, { id: 'spiffe://a.b/one', hint: 'external' }])
    it(`names those that there are where none is chosen: ${JSON.stringify(flags)}`, () =>
      assert.throws(() => chooseSvids(all, flags), {
        code: 'not_entitled',
        message: /yours: spiffe:\/\/a\.b\/one \(hint internal\), .*three$/,
      }));
});
