import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import {
  authorizationPolicies as authorizations,
  authorizationPolicy as policy,
  useAdmission,
} from '../support/kubernetes/admission-scene.ts';
import type { ApiClient } from '../support/kubernetes/api-client.ts';

const from = (space: string) => ({ rules: [{ from: [{ source: { namespaces: [space] } }] }] });
const anybody = { rules: [{ to: [{ operation: { methods: ['GET'], paths: ['/healthz'] } }] }] };
const tenants = { red: { namespaces: "team == 'red'" }, blue: { namespaces: "team == 'blue'" } };
const page = readFileSync('docs/admission.md', 'utf8');
const documented = /<!-- added by [^>]+-->\n```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';

const pod = (name: string, labels: object) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'main', image: 'x' }] },
});

describe('admission.prove, asked by a real API server', function () {
  this.timeout(600_000);
  const scene = useAdmission();
  let api: ApiClient;
  const extent = async (): Promise<string | undefined> => {
    const text = await (await fetch(`http://${scene.gatehouse().ready.health}/metrics`)).text();
    return /gatehouse_tenant_extent\{tenant="red",direction="in"\} (\d)/.exec(text)?.[1];
  };
  before(async () => {
    const server = scene.server();
    api = server.admin.api;
    await server.namespace('red-shop', { team: 'red' });
    await server.namespace('blue-shop', { team: 'blue' });
    await api.must('POST', authorizations('red-shop'), policy('own-only', from('red-shop')));
    await api.must('POST', authorizations('blue-shop'), policy('own-only', from('blue-shop')));
    await api.must('POST', authorizations('istio-system'), policy('nothing', {}));
    await scene.restart(
      'enforce',
      { prove: 'enforce' },
      {
        kubernetes: { status: true },
        further: { tenants, policies: { paths: ['policies'], planes: { l4: 'enforce' } } },
      },
    );
    await scene.addWebhooks(documented);
    await eventually('it is proved as far as can be', async () => (await extent()) === '3' || undefined);
  });

  it('refuses a policy that opens a tenant, with what passes', async () => {
    const { status, body } = await api.ask('POST', authorizations('red-shop'), policy('probes', anybody));
    assert.equal(status, 403);
    assert.match(body.message ?? '', /tenant red is .*GET \/healthz .*by red-shop\/probes rule 0/);
    assert.doesNotMatch(body.message ?? '', /blue/);
  });

  it('lets in what opens nothing', async () => {
    const { status } = await api.ask('POST', authorizations('red-shop'), policy('narrow', from('red-shop')));
    assert.equal(status, 201);
  });

  it('refuses the DELETE of a policy that a proof rests on, and lets others go', async () => {
    const held = await eventually('the webhook of tenants is asked', async () => {
      const answer = await api.ask('DELETE', `${authorizations('istio-system')}/nothing?dryRun=All`);
      return answer.status === 403 ? answer : undefined;
    });
    assert.match(held.body.message ?? '', /tenant-opened/);
    assert.equal((await api.ask('DELETE', `${authorizations('red-shop')}/narrow`)).status, 200);
  });

  it('refuses labels of a namespace that give it to another tenant', async () => {
    const patch = { metadata: { labels: { team: 'blue' } } };
    const { status, body } = await api.ask(
      'PATCH',
      '/api/v1/namespaces/red-shop',
      patch,
      'application/merge-patch+json',
    );
    assert.equal(status, 403);
    assert.match(body.message ?? '', /Gatehouse does not let Namespace red-shop in/);
  });

  it('lets a pod in, and another label of it', async () => {
    await eventually('there is a service account', async () => {
      const { status } = await api.ask('POST', '/api/v1/namespaces/red-shop/pods', pod('cart', { app: 'cart' }));
      return status === 201 || undefined;
    });
    const patch = { metadata: { labels: { app: 'other' } } };
    const { status } = await api.ask(
      'PATCH',
      '/api/v1/namespaces/red-shop/pods/cart',
      patch,
      'application/merge-patch+json',
    );
    assert.equal(status, 200);
  });

  it('tells by an event what came in unseen, and that it is closed', async () => {
    // Our own account is never asked about: as if two changes had come at once.
    await scene.server().create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'unseen' },
      ...{
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [
          { kind: 'ServiceAccount', name: 'default', namespace: 'gatehouse-system' },
          { kind: 'ServiceAccount', name: 'gatehouse-authority', namespace: 'gatehouse-system' },
        ],
      },
    });
    const own = await scene.server().serviceAccount('gatehouse-system', 'default');
    await eventually('it is in', async () => {
      const { status } = await own.api.ask('POST', authorizations('red-shop'), policy('probes', anybody));
      return status === 201 || undefined;
    });
    await eventually('the proof is lost', async () => (await extent()) !== '3' || undefined);
    const reasons = async (): Promise<readonly string[]> => {
      const { items } = await api.must<{
        readonly items: readonly { readonly reason: string; readonly note: string }[];
      }>('GET', '/apis/events.k8s.io/v1/namespaces/default/events');
      return items.map(({ reason }) => reason);
    };
    await eventually('there is an event', async () => (await reasons()).includes('TenantOpened') || undefined);
    assert.equal((await own.api.ask('DELETE', `${authorizations('red-shop')}/probes`)).status, 200);
    await eventually('it is told', async () => (await reasons()).includes('TenantClosed') || undefined);
  });

  it('lets whoever clears a namespace away take what a proof rests on', async () => {
    const controller = scene.server().user('system:serviceaccount:kube-system:namespace-controller', 'system:masters');
    const { status } = await controller.api.ask('DELETE', `${authorizations('istio-system')}/nothing?dryRun=All`);
    assert.equal(status, 200);
  });
});
