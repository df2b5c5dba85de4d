import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../support/gatehouse-dir.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import type { User } from '../support/kubernetes/users.ts';
import { type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';

interface SeenEvent {
  readonly metadata: { readonly name: string };
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly reason: string;
  readonly note: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

const MERGE = 'application/merge-patch+json';
const AUTHZ = '/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies';
const CNP = '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies';

const authorization = (name: string, rules: unknown) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { action: 'ALLOW', rules },
});

const clusterPolicy = (name: string) => `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ name: all, action: Deny, from: [{ namespaces: {} }] }] }
`;

describe('what is found in policies of a cluster', () => {
  const server = useApiServer({}, async (api) => {
    await api.installCrds('istio', 'clusterNetworkPolicy');
    await api.namespace('shop');
  });
  let dir: GatehouseDir;
  let gatehouse: RunningGatehouse;

  before(async function (this: Mocha.Context) {
    this.timeout(300_000);
    const { kubeconfig }: User = server().admin;
    dir = await gatehouseDir({
      roles: ['authority'],
      kubernetes: { kubeconfig, registry: false, status: true },
    });
    gatehouse = await runGatehouse(dir.config);
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  const eventsOn = async (name: string): Promise<readonly SeenEvent[]> => {
    const { items } = await server().admin.api.must<{ kind: string; items: readonly SeenEvent[] }>(
      'GET',
      '/apis/events.k8s.io/v1/namespaces/shop/events',
    );
    return items.filter(({ regarding }) => regarding.name === name);
  };
  const eventOn = (name: string, count = 1) =>
    eventually(`${name} has ${count} events`, async () => {
      const events = await eventsOn(name);
      return events.length >= count ? events : undefined;
    });
  const conditionOn = (name: string, wanted: (condition: Condition) => boolean) =>
    eventually(`${name} has the condition`, async () => {
      const { status } = await server().admin.api.must('GET', `${CNP}/${name}`);
      const { conditions = [] } = (status ?? {}) as { conditions?: readonly Condition[] };
      return conditions.find((each) => each.type === 'gatehouse.io/Accepted' && wanted(each));
    });

  it('is an event on the object: one a finding and generation, with the place and what to do', async () => {
    await server().create(authorization('broken', [{ from: [{ source: { ipBlocks: ['nonsense'] } }] }]));
    const [event, ...others] = await eventOn('broken');
    assert.deepEqual(others, []);
    assert.match(event!.note, /^spec\.rules\[0\]\.from\[0\]\.source\.ipBlocks\[0\]: .*nonsense/);
    assert.match(event!.reason, /^[A-Z][A-Za-z]+$/);
    const { metadata } = await server().admin.api.must('GET', `${AUTHZ}/broken`);
    assert.equal(event!.regarding.uid, metadata.uid);
    const labels = { labels: { changed: 'yes' } };
    await server().admin.api.must('PATCH', `${AUTHZ}/broken`, { metadata: labels }, MERGE);
    const spec = { rules: [{ from: [{ source: { ipBlocks: ['nonsense'] } }] }, {}] };
    await server().admin.api.must('PATCH', `${AUTHZ}/broken`, { spec }, MERGE);
    const events = await eventOn('broken', 2);
    assert.equal(events.length, 2, 'a generation more, an event more; a label is none');
  });

  it('is no event on an object that is sound', async () => {
    await server().create(authorization('sound', [{ from: [{ source: { namespaces: ['shop'] } }] }]));
    await server().create(authorization('after-sound', [{ from: [{ source: { ipBlocks: ['x'] } }] }]));
    await eventOn('after-sound');
    assert.deepEqual(await eventsOn('sound'), []);
  });

  it("is a condition of a ClusterNetworkPolicy, beside others', written anew only when it changes", async () => {
    await server().create(clusterPolicy('all'));
    const good = await conditionOn('all', ({ status }) => status === 'True');
    assert.deepEqual([good.reason, good.message, good.observedGeneration], ['InForce', '', 1]);
    const others = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'all' },
      status: {
        conditions: [
          { type: 'Accepted', status: 'True', reason: 'X', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
        ],
      },
    };
    const apply = 'application/apply-patch+yaml';
    await server().admin.api.must('PATCH', `${CNP}/all/status?fieldManager=other`, others, apply);
    await server().admin.api.must('PATCH', `${CNP}/all`, { spec: { priority: 2 } }, MERGE);
    const again = await conditionOn('all', ({ observedGeneration }) => observedGeneration === 2);
    assert.equal(again.lastTransitionTime, good.lastTransitionTime);
    const { status } = await server().admin.api.must('GET', `${CNP}/all`);
    assert.deepEqual((status as { conditions: Condition[] }).conditions.map(({ type }) => type).sort(), [
      'Accepted',
      'gatehouse.io/Accepted',
    ]);
  });

  it('is told once, also by who is started anew', async () => {
    const before = (await eventsOn('broken')).length;
    await gatehouse.stop('SIGTERM');
    gatehouse = await runGatehouse(dir.config);
    await server().create(authorization('after-restart', [{ from: [{ source: { ipBlocks: ['x'] } }] }]));
    await eventOn('after-restart');
    assert.equal((await eventsOn('broken')).length, before);
  });
});
