import assert from 'node:assert/strict';
import type { EnvoysAnswer } from '../../../../src/admin-api/envoys.ts';
import { nativeGaps } from '../../../../src/analysis/suggest/count-gaps.ts';

type Envoy = EnvoysAnswer['envoys'][number];

const envoy = (resource: string, state: Envoy['state'], reported: number): Envoy => ({
  ...{
    connection: '1',
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/api',
    node: 'api-1',
    version: '1.36.0',
    tried: true,
  },
  ...{ state, reported },
  configs: [
    {
      ...{ resource, version: 'a', sentVersion: 'a', sentAt: '2026-01-01T00:00:00.000Z', asks: '', refused: null },
      state: state === 'nothing' ? 'waiting' : state,
    },
  ],
});

describe('nativeGaps', () => {
  const cases: readonly { readonly name: string; readonly given: Envoy; readonly isGap: boolean }[] = [
    { name: 'decides itself and tells nothing', given: envoy('gatehouse.policy', 'holds', 0), isGap: true },
    {
      name: 'decides connections itself and tells nothing',
      given: envoy('gatehouse.network', 'holds', 0),
      isGap: true,
    },
    { name: 'decides itself and tells', given: envoy('gatehouse.policy', 'holds', 9), isGap: false },
    { name: 'asks about everything', given: envoy('gatehouse.policy', 'asks', 0), isGap: false },
    {
      name: 'refused what was sent last, and holds what came before',
      given: envoy('gatehouse.policy', 'refused', 0),
      isGap: true,
    },
    { name: 'only refuses who was revoked', given: envoy('gatehouse.revocations', 'holds', 0), isGap: false },
  ];
  it('names that nobody may say', () => assert.equal([...nativeGaps(undefined)].length, 1));

  for (const { name, given, isGap } of cases)
    it(`${isGap ? 'names' : 'says nothing of'} an Envoy that ${name}`, () => {
      const said = [...nativeGaps({ envoys: [given] })];
      assert.equal(said.length, isGap ? 1 : 0);
      if (isGap)
        assert.match(
          said[0]!,
          /^the Envoy spiffe:\/\/cluster.local\/ns\/shop\/sa\/api \(api-1\) decides itself and tells nothing/,
        );
    });
});
