import assert from 'node:assert/strict';
import type { RedactedDecision } from '../../../../src/authz/record/redacted-decision.ts';
import { createSight } from '../../../../src/server/admin/access/sight.ts';
import type { AdminDeps } from '../../../../src/server/admin/admin-deps.ts';
import { whyIn } from '../../../../src/server/admin/routes/scoped.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';

const sight = createSight(['team-a'], {
  trustDomain: parseTrustDomain('cluster.local'),
  trustDomainAliases: [],
  workloads: [],
  policies: { rootNamespace: 'istio-system' },
});

const ofOthers = {
  destination: { spiffeId: 'spiffe://cluster.local/ns/team-b/sa/bank', namespace: 'team-b' },
} as unknown as RedactedDecision; // nothing else of it is looked at

describe('why, of somebody who reads team-a', () => {
  it('looks for a decision about others as long, and says the same of it, as for one that there is not', async () => {
    const outcomes = [];
    for (const kept of [undefined, ofOthers]) {
      const asked: string[] = [];
      const deps = {
        decisions: {
          find(id: string) {
            asked.push(`find ${id}`);
            return kept;
          },
        },
        deciders: { report: async () => void asked.push('report') },
      } as unknown as AdminDeps; // nothing else is looked at before the decision is found
      const thrown: unknown = await Promise.resolve(whyIn({ who: 'x', asked: { id: 'i' }, sight }, deps)).catch(
        (error: unknown) => error,
      );
      outcomes.push({ asked, thrown: String(thrown) });
    }
    assert.match(outcomes[0]!.thrown, /no decision i about a workload of team-a is kept/);
    assert.deepEqual(outcomes[1], outcomes[0]);
  });
});
