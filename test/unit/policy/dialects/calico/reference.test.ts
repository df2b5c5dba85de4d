import assert from 'node:assert/strict';
import { CalicoReference } from '../../../../reference/calico.ts';
import { calicoDocuments, calicoRequestOf, calicoVectors } from '../../../../reference/calico-fixture.ts';

describe('the plain Calico evaluator', () => {
  for (const world of ['c1-core', 'c2-tiers', 'c3-edge']) {
    it(`answers as Calico did in ${world}`, () => {
      const reference = new CalicoReference(calicoDocuments(world));
      const vectors = calicoVectors().filter((vector) => vector.world === world);
      assert.ok(vectors.length > 300);
      const differing = vectors.filter((vector) => reference.check(calicoRequestOf(vector)).code !== vector.code);
      assert.deepEqual(differing, []);
    });
  }
});
