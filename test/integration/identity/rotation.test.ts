import { describeRotationProof } from '../../support/rotation-proof.ts';

describeRotationProof('a rotation under real Envoys, in short', {
  pairs: 2,
  svidTtl: '8s',
  connectionLife: '2s',
  waitMs: 4_000,
  timeoutMs: 600_000,
});
