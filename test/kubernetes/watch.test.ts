import assert from 'node:assert/strict';
import { type KubernetesClient, kubernetesClient } from '../../src/platform/kubernetes/client.ts';
import { KubernetesError } from '../../src/platform/kubernetes/kubernetes-error.ts';
import { eventually } from '../support/eventually.ts';
import { type ApiServer, startApiServer, useApiServer } from '../support/kubernetes/api-server.ts';
import { type ClusterSources, clusterSources } from '../support/kubernetes/cluster-sources.ts';
import { denyObject, podObject, serviceObject, sliceObject } from '../support/kubernetes/fake-cluster.ts';
import { pods, quick, recordWatch } from '../support/kubernetes/recorded-watch.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

interface Named {
  readonly ref: { readonly kind: string; readonly name: string };
}

const policiesOf = ({ load }: ClusterSources): readonly Named[] =>
  load().model.planes.flatMap(({ stages }) => stages.flatMap(({ policies }): readonly Named[] => policies));
const inForce = (sources: ClusterSources): string[] =>
  [...new Set(policiesOf(sources).map(({ ref }) => `${ref.kind} ${ref.name}`))].sort(); // in two planes some
const podsOf = ({ load }: ClusterSources): string[] =>
  load()
    .model.registry!.endpoints.map(({ name, addresses }) => `${name} ${addresses.join()}`)
    .sort();

/** Makes a pod, and gives it an address as a kubelet does. */
async function runPod({ create, admin }: ApiServer, name: string, ip: string, more: object = {}): Promise<void> {
  const { status, ...pod } = podObject('shop', name, ip);
  const spec = { ...pod.spec, serviceAccountName: 'default', nodeName: 'node-1' };
  await create(Object.assign(pod, { spec }));
  const path = `/api/v1/namespaces/shop/pods/${name}/status`;
  await admin.api.must('PATCH', path, { status: { phase: status.phase, podIP: ip, podIPs: [{ ip }], ...more } }, merge);
}

const merge = 'application/merge-patch+json';
const ALL = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: peers, namespace: shop }
spec: { mtls: { mode: STRICT } }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: shop }
spec: { jwtRules: [{ issuer: https://issuer.example, jwksUri: https://issuer.example/keys }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: network, namespace: shop }
spec: { podSelector: {}, ingress: [{}] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: cluster }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ name: all, action: Accept, from: [{ namespaces: {} }] }] }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: global }
spec: { selector: all(), ingress: [{ action: Allow }] }
`;

describe('watching a real API server', function () {
  this.timeout(300_000);
  const server = useApiServer({}, async (made) => {
    await made.namespace('shop', { team: 'a' });
    await made.installCrds('istio', 'clusterNetworkPolicy', 'calico', 'calicoApi');
    await made.create(ALL, denyObject('shop', 'deny', '/one'));
    await runPod(made, 'api', '10.0.0.1');
  });
  let dir: TempDir;
  beforeEach(async () => (dir = await tempDir()));
  afterEach(() => dir[Symbol.asyncDispose]());

  it('puts in force every kind that it serves, Calico by its API and not twice', async () => {
    await using sources = await clusterSources(dir, server().admin.kubeconfig);
    assert.deepEqual(inForce(sources), [
      'AuthorizationPolicy deny',
      'ClusterNetworkPolicy cluster',
      'GlobalNetworkPolicy global',
      'NetworkPolicy network',
      'PeerAuthentication peers',
      'RequestAuthentication tokens',
    ]);
    assert.deepEqual(podsOf(sources), ['api 10.0.0.1']);
    assert.deepEqual(sources.load().degraded, []);
    const { namespaces, serviceAccounts } = sources.load().model.registry!;
    assert.deepEqual(new Map(namespaces.find(({ name }) => name === 'shop')?.labels).get('team'), 'a');
    assert.ok(serviceAccounts.some(({ namespace, name }) => namespace === 'shop' && name === 'default'));
    assert.equal(sources.board.state.value.degraded.length, 0);
  });

  it('follows what comes, changes and goes', async () => {
    await using sources = await clusterSources(dir, server().admin.kubeconfig);
    await server().create(denyObject('shop', 'later', '/two'));
    await runPod(server(), 'web', '10.0.0.2');
    await eventually(
      'they are in force',
      () =>
        (inForce(sources).includes('AuthorizationPolicy later') && podsOf(sources).includes('web 10.0.0.2')) ||
        undefined,
    );
    await server().admin.api.must('DELETE', '/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/later');
    await server().admin.api.must('DELETE', '/api/v1/namespaces/shop/pods/web?gracePeriodSeconds=0');
    await eventually(
      'they are gone',
      () => (!inForce(sources).includes('AuthorizationPolicy later') && podsOf(sources).length === 1) || undefined,
    );
  });

  it('knows the places behind a Service without selector by its slices', async () => {
    const { create, admin } = server();
    await create(serviceObject('shop', 'db'), sliceObject('shop', 'db', '192.0.2.1'));
    await using sources = await clusterSources(dir, admin.kubeconfig);
    // The API server tells of its own Service by a slice too.
    const ours = () => sources.load().model.registry!.networkSets.filter(({ namespace }) => namespace === 'shop');
    const behind = [{ service: 'service shop/db', port: 8080, protocol: 'TCP' }];
    assert.deepEqual(
      ours().map((one) => [one.nets, one.behind]),
      [[['192.0.2.1'], behind]],
    );
    await admin.api.must('DELETE', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/db-1');
    await eventually('the slice is gone', () => ours().length === 0 || undefined);
    await admin.api.must('DELETE', '/api/v1/namespaces/shop/services/db');
  });

  it('warns of what was applied and cut out', async () => {
    const text = denyObject('shop', 'cut', '/three');
    const applied = { ...text, spec: { action: 'ALLOW', rules: [{ form: [{ source: { principals: ['a'] } }] }] } };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) };
    const metadata = { ...text.metadata, annotations };
    await server().create(Object.assign(applied, { metadata }));
    await using sources = await clusterSources(dir, server().admin.kubeconfig);
    const [finding] = sources.load().findings.filter(({ code }) => code === 'field-not-stored');
    assert.deepEqual([finding?.file, finding?.path], ['AuthorizationPolicy shop/cut', 'spec.rules[0].form']);
    await server().admin.api.must('DELETE', '/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/cut');
  });

  it('goes on while it is killed, is followed again when it is back, and starts by what was kept', async () => {
    const { kubeconfig } = server().admin;
    await using sources = await clusterSources(dir, kubeconfig);
    await server().kill();
    await eventually('it says so', () =>
      sources.board.state.value.degraded.find((what) => what.startsWith('kubernetes: ')),
    );
    assert.ok(inForce(sources).includes('AuthorizationPolicy deny'));
    await sources[Symbol.asyncDispose]();
    await using again = await clusterSources(dir, kubeconfig);
    assert.ok(inForce(again).includes('AuthorizationPolicy deny'));
    assert.deepEqual(podsOf(again), ['api 10.0.0.1']);
    await server().start();
    await runPod(server(), 'back', '10.0.0.9');
    await eventually('it caught up', () => podsOf(again).includes('back 10.0.0.9') || undefined);
    await eventually('all is well', () => again.board.state.value.degraded.length === 0 || undefined);
    await server().admin.api.must('DELETE', '/api/v1/namespaces/shop/pods/back?gracePeriodSeconds=0');
  });

  describe('one watch', () => {
    let client: KubernetesClient;
    afterEach(() => client.close());

    it('takes up a connection anew that has become silent', async () => {
      client = await kubernetesClient(server().admin.kubeconfig, { silenceMs: 3_000, answerMs: 3_000 });
      using watch = recordWatch(client, pods);
      await eventually('the whole', () => watch.heard[0]);
      server().pause();
      try {
        await eventually('it is missed', () => watch.states.find(({ why }) => why !== ''));
      } finally {
        server().resume();
      }
      await runPod(server(), 'silent', '10.0.0.5');
      await eventually('it is heard of', () => watch.held.get('silent'));
    });

    it('begins anew where its version is too old', async () => {
      const account = await server().serviceAccount('shop', 'old');
      const binding = { metadata: { name: 'old' }, ...viewers('old') };
      await server().admin.api.must('POST', bindings, binding);
      client = await kubernetesClient(account.kubeconfig);
      using watch = recordWatch(client, pods, { ...quick, streamSeconds: 1 });
      await eventually('the whole', () => watch.heard[0]);
      await server().admin.api.must('DELETE', `${bindings}/old`);
      await eventually('it is refused', () => watch.states.find(({ code }) => code === 403));
      await server().admin.api.must('DELETE', '/api/v1/namespaces/shop/pods/silent?gracePeriodSeconds=0');
      await runPod(server(), 'young', '10.0.0.6');
      await server().kill(); // what came before its start it does not know any more
      await server().start();
      await server().admin.api.must('POST', bindings, binding);
      await eventually('the whole again', () => watch.heard.slice(1).find((each) => each.startsWith('whole')));
      await eventually('it is followed', () => watch.states.at(-1)?.why === '' || undefined);
      assert.ok(
        watch.states.some(({ code, isSynced }) => code === 410 && isSynced),
        JSON.stringify(watch.states),
      );
      assert.deepEqual(
        [...watch.held.keys()].filter((name) => name === 'silent' || name === 'young'),
        ['young'],
      );
    });

    it('knows a version of the future by what a list says', async () => {
      client = await kubernetesClient(server().admin.kubeconfig);
      const query = { limit: '1', resourceVersion: '999999999', resourceVersionMatch: 'NotOlderThan' };
      await assert.rejects(
        client.request({ path: '/api/v1/pods', query }),
        (thrown) => thrown instanceof KubernetesError && thrown.isOfTheFuture,
      );
    });
  });
});

const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const viewers = (name: string) => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name, namespace: 'shop' }],
});

describe('a cluster whose permissions and kinds come and go', function () {
  this.timeout(300_000);
  const server = useApiServer({}, (made) => made.namespace('shop'));
  let dir: TempDir;
  beforeEach(async () => (dir = await tempDir()));
  afterEach(() => dir[Symbol.asyncDispose]());

  it('takes up kinds that are installed later, and lets go of them', async () => {
    await using sources = await clusterSources(dir, server().admin.kubeconfig);
    assert.deepEqual(inForce(sources), []);
    await server().installCrds('istio');
    await server().create(denyObject('shop', 'deny', '/one'));
    await eventually('it is in force', () => inForce(sources).length === 1 || undefined);
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/authorizationpolicies.security.istio.io';
    await server().admin.api.must('DELETE', crd);
    await eventually('it is gone', () => inForce(sources).length === 0 || undefined);
    await eventually('all is well', () => sources.board.state.value.degraded.length === 0 || undefined);
  });

  it('is not ready without a permission, and goes on by what it holds when one is taken away', async () => {
    await runPod(server(), 'api', '10.0.0.1');
    const { kubeconfig } = await server().serviceAccount('shop', 'watcher');
    await assert.rejects(clusterSources(dir, kubeconfig, { timeoutMs: 1_500 }), /is forbidden/);
    await server().admin.api.must('POST', bindings, { metadata: { name: 'watcher' }, ...viewers('watcher') });
    await using sources = await clusterSources(dir, kubeconfig, { streamSeconds: 1 });
    await server().admin.api.must('DELETE', `${bindings}/watcher`);
    await eventually('it says so', () =>
      sources.board.state.value.degraded.find((what) => what.includes('is forbidden')),
    );
    assert.deepEqual(podsOf(sources), ['api 10.0.0.1']);
    await server().admin.api.must('POST', bindings, { metadata: { name: 'watcher' }, ...viewers('watcher') });
    await eventually('all is well', () => sources.board.state.value.degraded.length === 0 || undefined);
  });
});

describe("watching an API server on Debian's etcd, which has no lists by watch", function () {
  this.timeout(300_000);

  it('lists in pages', async () => {
    await using server = await startApiServer({ etcd: 'debian' });
    await server.namespace('shop');
    await runPod(server, 'api', '10.0.0.1');
    const client = await kubernetesClient(server.admin.kubeconfig);
    using watch = recordWatch(client, pods);
    await eventually('the whole', () => watch.heard.find((each) => each === 'whole api'));
    assert.equal(watch.held.get('api')?.kind, 'Pod');
    await runPod(server, 'web', '10.0.0.2');
    await eventually('it is followed', () => watch.held.get('web'));
    await client.close();
  });
});
