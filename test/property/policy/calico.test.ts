import assert from 'node:assert/strict';
import { playRandomCalico } from '../../differential/calico-random.ts';

describe('compiled Calico policy', () => {
  it('answers random requests under random policies as the plain evaluator does', () => {
    assert.equal(playRandomCalico(20_000, Date.now() % 1_000_000), undefined);
  }).timeout(300_000);
});
