import assert from 'node:assert/strict';
import { readConfig } from '../../../../../src/config/read-config.ts';
import { createSight } from '../../../../../src/server/admin/access/sight.ts';

const reading = readConfig(
  `trustDomain: cluster.local
trustDomainAliases: [old.local]
workloads:
- { namespace: team-a, serviceAccount: odd, spiffeId: spiffe://cluster.local/odd }
- { namespace: team-b, serviceAccount: sly, spiffeId: spiffe://cluster.local/ns/team-a/sa/sly }
`,
  '/etc/gatehouse.yaml',
);
assert.ok(reading.ok);
const sight = createSight(['team-a'], reading.config);

describe('createSight', () => {
  const ids: readonly (readonly [id: string, want: boolean, name: string])[] = [
    ['spiffe://cluster.local/ns/team-a/sa/x', true, 'a workload there'],
    ['spiffe://old.local/ns/team-a/sa/x', true, 'one by an alias of the trust domain'],
    ['spiffe://cluster.local/odd', true, 'one that workloads[] places there'],
    ['spiffe://cluster.local/ns/team-a/sa/sly', false, 'one that workloads[] places elsewhere'],
    ['spiffe://cluster.local/ns/team-b/sa/x', false, 'a workload elsewhere'],
    ['spiffe://cluster.local/ns/team-a-b/sa/x', false, 'a namespace that only begins so'],
    ['spiffe://other.example/ns/team-a/sa/x', false, 'one of another trust domain'],
    ['spiffe://cluster.local/ns/team-a/sa/x/y', false, 'an ID of another form'],
    ['spiffe://cluster.local', false, 'no workload'],
    ['CN=team-a', false, 'no ID'],
    ['', false, 'nothing'],
  ];
  for (const [id, want, name] of ids)
    it(`${want ? 'has' : 'has not'} ${name}`, () => assert.equal(sight.hasId(id), want));

  for (const [policy, want] of [
    ['team-a/x', 'own'],
    ['team-b/x', 'other'],
    ['istio-system/x', 'mesh'],
    ['default.deny', 'mesh'],
    ['team-a', 'mesh'],
  ] as const)
    it(`${policy} is ${want}`, () => assert.equal(sight.whose(policy), want));
});
