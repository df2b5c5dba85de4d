import assert from 'node:assert/strict';
import { createTaintTroubles } from '../../../../../src/identity/authority/rotate/taint-troubles.ts';

const MINUTE = 60_000;
const MANY = 5;

describe('createTaintTroubles', () => {
  it('needs three in a minute, and is over a minute after the last', () => {
    const troubles = createTaintTroubles();
    for (const at of [0, 40_000]) troubles.note('a', at);
    assert.equal(troubles.areEnough(40_000, MANY), false);
    troubles.note('b', 50_000);
    assert.equal(troubles.areEnough(50_000, MANY), true);
    assert.equal(troubles.areOver(109_000, MANY), false);
    assert.equal(troubles.areOver(110_000, MANY), true);
  });

  const without = {
    name: 'for as long as it has trouble where it is all there is',
    identities: 2,
    endsAfter: undefined,
  };
  for (const { name, identities, endsAfter } of [
    { name: 'for a quarter of an hour among others', identities: MANY, endsAfter: 15 },
    without,
  ]) {
    it(`is kept up by one identity alone ${name}`, () => {
      const troubles = createTaintTroubles();
      let over: number | undefined;
      for (let minute = 0; minute < 120 && over === undefined; minute += 1) {
        for (let count = 0; count < 3; count += 1) troubles.note('tenant', minute * MINUTE + count);
        if (troubles.areOver(minute * MINUTE + 5, identities)) over = minute;
      }
      assert.equal(over, endsAfter);
    });
  }

  it('is kept up by two for as long as both have trouble, and counts anew with another taint', () => {
    const troubles = createTaintTroubles();
    for (let minute = 0; minute < 60; minute += 1) for (const who of ['a', 'b']) troubles.note(who, minute * MINUTE);
    assert.equal(troubles.areOver(59 * MINUTE, MANY), false);
    troubles.begin();
    assert.equal(troubles.areOver(59 * MINUTE, MANY), true);
    for (let count = 0; count < 3; count += 1) troubles.note('a', 60 * MINUTE);
    assert.equal(troubles.areEnough(60 * MINUTE, MANY), true);
  });
});
