import assert from 'node:assert/strict';
import { startApiServer, useApiServer } from '../support/kubernetes/api-server.ts';

const watchList =
  'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';

describe('the API server of the tests', () => {
  const server = useApiServer();

  it('serves lists by watch, with the mark at the end', async () => {
    const { body } = await server().admin.api.ask<string>('GET', `/api/v1/namespaces?${watchList}`);
    assert.match(body, /k8s\.io\/initial-events-end/);
  });

  it('gives an account no more than its roles', async () => {
    await server().namespace('shop', { team: 'a' });
    const { api } = await server().serviceAccount('shop', 'reader');
    assert.equal((await api.ask('GET', '/api/v1/namespaces/shop/secrets')).status, 403);
    const { status } = await api.must<{ status: { userInfo: { username: string } } }>(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      {},
    );
    assert.equal(status.userInfo.username, 'system:serviceaccount:shop:reader');
  });

  it('lets a node see the pods of its own only', async () => {
    const node = server().user('system:node:node-1', 'system:nodes');
    assert.equal((await node.api.ask('GET', '/api/v1/pods')).status, 403);
    assert.equal((await node.api.ask('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1')).status, 200);
  });

  it('serves the kinds of Istio, ClusterNetworkPolicy and Calico', async () => {
    await server().installCrds('istio', 'clusterNetworkPolicy', 'calico', 'calicoApi');
    await server().create(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: default }
spec: { action: DENY, rules: [{}] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: a }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ name: all, action: Deny, from: [{ namespaces: {} }] }] }
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: a, namespace: default }
spec: { selector: all() }
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: a }
spec: { selector: all() }
`);
  });

  it('comes back with what it had', async () => {
    await server().kill();
    await server().start();
    assert.equal((await server().admin.api.ask('GET', '/api/v1/namespaces/shop')).status, 200);
  });
});

describe("an API server on Debian's etcd", () => {
  it('refuses lists by watch', async () => {
    await using server = await startApiServer({ etcd: 'debian' });
    const { body } = await server.admin.api.ask<string>('GET', `/api/v1/namespaces?${watchList}`);
    assert.match(body, /RequestWatchProgress is disabled/);
  });
});
