import assert from 'node:assert/strict';
import { calicoCheck } from '../../../../differential/calico-player.ts';
import { calicoVectors, calicoYaml } from '../../../../reference/calico-fixture.ts';

describe('Calico policy through Check', () => {
  for (const world of ['c1-core', 'c2-tiers', 'c3-edge']) {
    const vectors = calicoVectors().filter((vector) => vector.world === world);
    const play = () => {
      const { check, findings } = calicoCheck(calicoYaml(world, 'policies'), calicoYaml(world, 'registry'), 'upstream');
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'error'),
        [],
      );
      return vectors.filter(
        (vector) => (check(Buffer.from(vector.check, 'base64')).status?.code === 0) !== vector.allow,
      );
    };

    it(`answers as Calico did in ${world}`, () => {
      assert.deepEqual(
        play().map(({ id, what, by }) => ({ id, what, by })),
        [],
      );
    });
  }
});
