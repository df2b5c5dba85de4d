import assert from 'node:assert/strict';
import { playRandomKubernetes } from '../../differential/kubernetes-random.ts';

describe('compiled Kubernetes network policy', () => {
  it('lets random connections pass as the plain evaluator does', () => {
    assert.equal(playRandomKubernetes(12_000, Date.now() % 1_000_000), undefined);
  }).timeout(300_000);
});
