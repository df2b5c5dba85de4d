import { describeRotationProof } from '../support/rotation-proof.ts';

describeRotationProof('a rotation under real Envoys, with certificates of a minute', {
  pairs: 4,
  svidTtl: '1m',
  connectionLife: '5s',
  waitMs: 20_000,
  timeoutMs: 600_000,
});
