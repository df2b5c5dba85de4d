import assert from 'node:assert/strict';
import { askAdmin } from '../../support/ask-admin.ts';
import { type CheckClient, checkClient } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import {
  coreKinds,
  denyObject,
  type FakeCluster,
  type FakeKind,
  fakeCluster,
  istioKind,
  podObject,
} from '../../support/kubernetes/fake-cluster.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const networkKind: FakeKind = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
};
const on = { labels: { state: 'on' } };

const network = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'from-on' },
  spec: {
    podSelector: { matchLabels: { app: 'target' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { state: 'on' } } }] }],
  },
};

const address = (host: string, port: number) => ({
  address: {
    address: {
      case: 'socketAddress' as const,
      value: { address: host, portSpecifier: { case: 'portValue' as const, value: port } },
    },
  },
});

/** What is said to a request of an address to the target. */
async function said(client: CheckClient, from: string, path = '/'): Promise<string> {
  const outcome = await client.ask({
    attributes: {
      source: address(from, 40_000),
      destination: { ...address('10.0.0.100', 8080), principal: 'spiffe://cluster.local/ns/shop/sa/target' },
      request: { http: { id: '1', method: 'GET', path, host: 'target', protocol: 'HTTP/1.1' } },
    },
  });
  assert.ok('reason' in outcome, JSON.stringify(outcome));
  return outcome.status === 200 ? 'allowed' : 'denied';
}

describe('gatehouse by the pods and policies of a cluster', () => {
  let cluster: FakeCluster;
  let dir: GatehouseDir;
  let gatehouse: RunningGatehouse;
  let client: CheckClient;

  before(async () => {
    cluster = await fakeCluster([...coreKinds, istioKind, networkKind]);
    cluster.put('networkpolicies', network);
    cluster.put(
      'pods',
      podObject('shop', 'target', '10.0.0.100', { labels: { app: 'target' } }),
      podObject('shop', 'one', '10.0.0.1', on),
      podObject('shop', 'other', '10.0.0.2'),
      podObject('shop', 'pending', undefined, { ...on, phase: 'Pending' }),
      podObject('shop', 'done', '10.0.0.3', { ...on, phase: 'Succeeded' }),
      podObject('shop', 'failed', '10.0.0.4', { ...on, phase: 'Failed' }),
      podObject('shop', 'host', '10.0.0.5', { ...on, hostNetwork: true }),
      podObject('shop', 'host-too', '10.0.0.5', { hostNetwork: true }),
      podObject('shop', 'dead', '10.0.0.6', on),
      podObject('shop', 'reused', '10.0.0.6'),
      podObject('shop', 'twin-a', '10.0.0.7', on),
      podObject('shop', 'twin-b', '10.0.0.7', on),
      podObject('else', 'stranger', '10.0.0.8', on),
    );
    dir = await gatehouseDir({
      listen: usualListeners,
      kubernetes: { kubeconfig: cluster.kubeconfig },
      policies: { paths: [], planes: { l4: 'enforce' } },
    });
    gatehouse = await runGatehouse(dir.config);
    client = checkClient(gatehouse.ready.extAuthz);
  });
  after(async () => {
    client?.[Symbol.dispose]();
    await gatehouse?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  for (const { name, from, want } of [
    { name: 'a pod that it names', from: '10.0.0.1', want: 'allowed' },
    { name: 'a pod without the label', from: '10.0.0.2', want: 'denied' },
    { name: 'the address of a pod that has succeeded', from: '10.0.0.3', want: 'denied' },
    { name: 'the address of a pod that has failed', from: '10.0.0.4', want: 'denied' },
    { name: 'the address of a node, which pods on its network share', from: '10.0.0.5', want: 'denied' },
    { name: 'an address that two pods have, of which it names one', from: '10.0.0.6', want: 'denied' },
    { name: 'an address that two pods have, of which it names both', from: '10.0.0.7', want: 'allowed' },
    { name: 'a pod of another namespace', from: '10.0.0.8', want: 'denied' },
    { name: 'an address that no pod has', from: '10.9.9.9', want: 'denied' },
  ])
    it(`${want === 'denied' ? 'lets nobody in from' : 'lets in'} ${name}`, async () => {
      assert.equal(await said(client, from), want);
    });

  it('decides by a policy and a pod soon after they came', async () => {
    cluster.put('authorizationpolicies', denyObject('shop', 'deny', '/secret'));
    cluster.put('pods', podObject('shop', 'other', '10.0.0.2', on));
    await eventually(
      'both decide',
      async () =>
        ((await said(client, '10.0.0.2')) === 'allowed' && (await said(client, '10.0.0.2', '/secret')) === 'denied') ||
        undefined,
    );
  });

  it('says in its status that the API server is away, and goes on', async () => {
    await cluster.server.down();
    const status = await eventually('it says so', async () => {
      const { body } = await askAdmin(gatehouse.ready.admin, 'GET', '/v1/status');
      const { degraded, ready } = body as { readonly degraded: readonly string[]; readonly ready: boolean };
      return degraded.length > 0 ? { degraded, ready } : undefined;
    });
    assert.match(status.degraded.join(), /^kubernetes: /);
    assert.equal(status.ready, true);
    assert.equal(await said(client, '10.0.0.1'), 'allowed');
    assert.equal(await said(client, '10.9.9.9'), 'denied');
    await cluster.server.up();
    await eventually('all is well', async () => {
      const { body } = await askAdmin(gatehouse.ready.admin, 'GET', '/v1/status');
      return (body as { readonly degraded: readonly string[] }).degraded.length === 0 || undefined;
    });
  });
});
