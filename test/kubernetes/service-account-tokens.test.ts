import assert from 'node:assert/strict';
import { createClusterKeys } from '../../src/identity/attestation/kubernetes/cluster-keys.ts';
import { createTokenAttestor, type TokenAttestor } from '../../src/identity/attestation/kubernetes/token-attestor.ts';
import { reasonOf } from '../../src/identity/attestation/kubernetes/token-refusal.ts';
import { type KubernetesClient, kubernetesClient } from '../../src/platform/kubernetes/client.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import { makePod, podToken, removePod } from '../support/kubernetes/pod-token.ts';

const reason = (attestor: TokenAttestor, token: string): Promise<string> =>
  attestor.attest(token).then(
    ({ pod }) => `is ${pod.namespace}/${pod.name}`,
    (thrown: unknown) => reasonOf(thrown) ?? String(thrown),
  );

describe('service account tokens of a real API server', function () {
  this.timeout(300_000);
  const server = useApiServer();
  let client: KubernetesClient;
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  before(async () => (client = await kubernetesClient(server().admin.kubeconfig)));
  after(() => client.close());
  const attestorBy = (verify: 'offline' | 'review' | 'both'): TokenAttestor =>
    createTokenAttestor({
      ...{
        server: client,
        keys: createClusterKeys(client, clock),
        clock,
        audiences: ['gatehouse', 'istio-ca'],
        verify,
      },
    });
  beforeEach(() => (ahead = 0));

  for (const verify of ['offline', 'review', 'both'] as const) {
    it(`${verify}: tells pod and node of a projected token, whichever of our audiences it has`, async () => {
      const pod = await makePod(server(), `good-${verify}`, { labels: { app: 'x' } });
      for (const audiences of [['gatehouse'], ['other', 'istio-ca']]) {
        const holder = await attestorBy(verify).attest(await podToken(server(), pod, { audiences }));
        const { namespace, name, uid, serviceAccount, labels, node } = holder.pod;
        assert.deepEqual(
          [namespace, name, uid, serviceAccount, labels['app'], node, holder.node],
          ['default', `good-${verify}`, pod.uid, `good-${verify}`, 'x', 'node-1', 'node-1'],
        );
      }
    });

    it(`${verify}: refuses one that is for the API server, bound to nothing, to a node, or of a Secret`, async () => {
      const pod = await makePod(server(), `bad-${verify}`);
      const attestor = attestorBy(verify);
      const { api } = server().admin;
      assert.equal(await reason(attestor, await podToken(server(), pod, { audiences: [] })), 'other_audience');
      assert.equal(await reason(attestor, await podToken(server(), pod, { boundTo: null })), 'unbound');
      const node = { kind: 'Node', apiVersion: 'v1', name: 'node-1' };
      assert.equal(await reason(attestor, await podToken(server(), pod, { boundTo: node })), 'node_bound');
      const secret = { kind: 'Secret', apiVersion: 'v1', name: `bad-${verify}` };
      await api.must('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: secret.name } });
      assert.equal(await reason(attestor, await podToken(server(), pod, { boundTo: secret })), 'unbound');
    });

    it(`${verify}: refuses one of a pod that is being deleted, is gone, or was made again, and of an account that was`, async () => {
      const { api } = server().admin;
      const pod = await makePod(server(), `gone-${verify}`);
      const token = await podToken(server(), pod);
      const attestor = attestorBy(verify);
      assert.match(await reason(attestor, token), /^is /);
      await api.must('DELETE', `/api/v1/namespaces/default/pods/${pod.name}?gracePeriodSeconds=600`);
      ahead = 11_000; // what was found a moment ago is not remembered any more
      assert.equal(await reason(attestor, token), 'pod_terminating');
      await removePod(server(), pod);
      const again = await makePod(server(), `gone-${verify}`);
      assert.equal(await reason(attestorBy(verify), token), 'pod_gone');
      const fresh = await podToken(server(), again);
      await api.must('DELETE', `/api/v1/namespaces/default/serviceaccounts/${pod.serviceAccount}`);
      assert.equal(await reason(attestorBy(verify), fresh), 'account_gone');
      await api.must('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: pod.serviceAccount } });
      assert.equal(await reason(attestorBy(verify), fresh), 'account_recreated');
    });
  }

  it('refuses a token whose signature was touched, and one that has expired', async () => {
    const pod = await makePod(server(), 'touched');
    const token = await podToken(server(), pod);
    const [head, claims, signature = ''] = token.split('.');
    const touched = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    assert.equal(await reason(attestorBy('offline'), touched), 'other_cluster');
    assert.equal(await reason(attestorBy('review'), touched), 'other_cluster');
    ahead = 3_700_000;
    assert.equal(await reason(attestorBy('both'), token), 'expired');
  });

  it('needs no more than an account of its own may be given', async () => {
    const { api } = server().admin;
    const account = await server()
      .serviceAccount('gatehouse-system', 'gatehouse')
      .catch(async () => {
        await server().namespace('gatehouse-system');
        return server().serviceAccount('gatehouse-system', 'gatehouse');
      });
    const rules = [
      { apiGroups: [''], resources: ['pods', 'serviceaccounts'], verbs: ['get'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ];
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    await api.must('POST', `${rbac}/clusterroles`, { metadata: { name: 'gatehouse' }, rules });
    await api.must('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'gatehouse' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'gatehouse' },
      subjects: [{ kind: 'ServiceAccount', name: 'gatehouse', namespace: 'gatehouse-system' }],
    });
    const own = await kubernetesClient(account.kubeconfig);
    try {
      const keys = createClusterKeys(own, clock);
      const attestor = createTokenAttestor({ server: own, keys, clock, audiences: ['gatehouse'], verify: 'both' });
      const token = await podToken(server(), await makePod(server(), 'plain'));
      assert.equal(await reason(attestor, token), 'is default/plain');
    } finally {
      await own.close();
    }
  });

  it('attests nobody while the API server is away, and goes on when it is back', async () => {
    const token = await podToken(server(), await makePod(server(), 'away'));
    const attestor = attestorBy('both');
    await server().kill();
    await assert.rejects(attestor.attest(token), { code: 'unreachable' });
    await server().start();
    assert.equal(await reason(attestor, token), 'is default/away');
  });
});
