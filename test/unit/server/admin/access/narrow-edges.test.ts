import assert from 'node:assert/strict';
import { narrowCounts } from '../../../../../src/server/admin/access/narrow-edges.ts';
import { createSight } from '../../../../../src/server/admin/access/sight.ts';
import type { DeciderCounts } from '../../../../../src/server/log/decider-counts.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const sight = createSight(['team-a'], {
  trustDomain: parseTrustDomain('cluster.local'),
  trustDomainAliases: [],
  workloads: [],
  policies: { rootNamespace: 'istio-system' },
});

const idOf = (namespace: string) => `spiffe://cluster.local/ns/${namespace}/sa/x`;
const edge = (namespace: string, destination: string, caller: string, decision: 'allow' | 'deny', count: number) => ({
  ...{ namespace, destination, caller, decision, count },
  ...{ port: 80, protocol: 'http' as const, lastAt: 1 },
});

describe('narrowCounts', () => {
  it('leaves what was asked of workloads there, and counts that alone', () => {
    const counts = {
      ...{ decider: 'node-1', state: 'silent', why: 'secret', sinceAt: 1, lastAt: 2 },
      edges: [
        edge('team-a', idOf('team-a'), idOf('team-b'), 'allow', 3),
        edge('team-a', idOf('team-a'), 'secret.example', 'deny', 4),
        edge('team-b', idOf('team-b'), idOf('team-a'), 'allow', 50),
        edge('team-a', 'spiffe://other.example/ns/team-a/sa/x', idOf('team-b'), 'allow', 60),
        edge('', '', idOf('team-b'), 'deny', 70),
      ],
      deniedCallers: [
        { caller: idOf('team-b'), namespace: 'team-a', count: 4 },
        { caller: idOf('team-c'), namespace: 'team-b', count: 5 },
      ],
      checks: { allowed: 113, denied: 74 },
      overflow: { allowed: 1, denied: 2, deniedCallers: 3 },
      dropped: { logged: 4, sent: 5 },
      handshakes: [{ listener: 'secret', reason: 'secret', count: 1 }],
      rules: [],
      rulesOverflow: 0,
      lost: 0,
    } satisfies DeciderCounts;
    const [seen] = narrowCounts([counts], sight);
    assert.doesNotMatch(JSON.stringify(seen), /secret|team-c|other/);
    assert.deepEqual(
      seen?.edges.map(({ caller, count }) => [caller, count]),
      [
        [idOf('team-b'), 3],
        ['', 4],
      ],
    );
    assert.deepEqual(seen?.deniedCallers, [{ caller: idOf('team-b'), namespace: 'team-a', count: 4 }]);
    assert.deepEqual([seen?.checks, seen?.decider, seen?.state], [{ allowed: 3, denied: 4 }, 'node-1', 'silent']);
    assert.deepEqual([seen?.overflow, seen?.dropped], [counts.overflow, counts.dropped]);
  });
});
