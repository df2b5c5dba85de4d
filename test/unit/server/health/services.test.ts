import assert from 'node:assert/strict';
import { createReadinessBoard } from '../../../../src/platform/observe/readiness.ts';
import { servicesOf } from '../../../../src/server/health/services.ts';

const [whole, check, workload, sds] = [
  '',
  'envoy.service.auth.v3.Authorization',
  'SpiffeWorkloadAPI',
  'envoy.service.secret.v3.SecretDiscoveryService',
] as const;

describe('servicesOf', () => {
  const both = ['authority', 'decider'] as const;
  const cases = [
    { name: 'nothing is away', roles: both, away: [], serve: [whole, check, workload, sds] },
    { name: 'the authority is away', roles: both, away: ['authority'], serve: [whole, check] },
    { name: 'no decider runs', roles: both, away: ['deciders'], serve: [workload, sds] },
    { name: 'it drains', roles: both, away: ['server'], serve: [] },
    { name: 'listeners have no SVID', roles: both, away: ['tls'], serve: [workload, sds] },
    { name: 'descriptors are few', roles: both, away: ['descriptors'], serve: [whole, check, workload, sds] },
    { name: 'an authority alone is away', roles: ['authority'], away: ['authority'], serve: [] },
    { name: 'the feed of a decider is too old', roles: ['decider'], away: ['feed'], serve: [] },
  ] as const;
  for (const { name, roles, away, serve } of cases) {
    it(`judges each service by its own part: ${name}`, () => {
      const beside = roles.some((role) => role === 'decider') ? ['authority', 'descriptors'] : ['descriptors'];
      const board = createReadinessBoard(['authority', 'policies', 'deciders'], beside);
      for (const part of ['authority', 'policies', 'deciders', 'descriptors']) board.set(part, '');
      for (const part of away) board.set(part, 'away');
      const services = servicesOf(roles, board);
      assert.deepEqual(
        [...services].flatMap(([service, serves]) => (serves ? [service] : [])).sort(),
        [...serve].sort(),
      );
      const known = roles.flatMap((role): string[] => (role === 'decider' ? [check] : [workload, sds]));
      assert.deepEqual([...services.keys()].sort(), ['', ...known].sort());
    });
  }
});
