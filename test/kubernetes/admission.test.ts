import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import {
  authorizationPolicies as authorizations,
  authorizationPolicy as policy,
  useAdmission,
} from '../support/kubernetes/admission-scene.ts';
import type { ApiClient } from '../support/kubernetes/api-client.ts';

/** As `kubectl apply` creates it. */
const applied = (object: ReturnType<typeof policy>) => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(object) },
  },
});

const good = { action: 'DENY', rules: [{ to: [{ operation: { methods: ['DELETE'] } }] }] };
const bad = { action: 'ALLOW', rules: [{ from: [{ source: { ipBlocks: ['10.0.0.0/99'] } }] }] };

describe('the admission webhook, asked by a real API server', function () {
  this.timeout(300_000);
  const scene = useAdmission();
  let api: ApiClient;
  before(() => {
    api = scene.server().admin.api;
  });

  it('lets a good policy in without a word', async () => {
    const { status, warnings } = await api.ask('POST', authorizations('shop'), policy('good', good));
    assert.deepEqual([status, warnings], [201, []]);
  });

  it('refuses what policy check refuses, by its reason', async () => {
    const { status, body } = await api.ask('POST', authorizations('shop'), policy('bad', bad));
    assert.equal(status, 403);
    assert.match(
      body.message ?? '',
      /does not let AuthorizationPolicy shop\/bad in .*\n- spec\.rules\[0\].*10\.0\.0\.0\/99/,
    );
  });

  it('refuses it by a dry run too, by PUT, PATCH and server-side apply', async () => {
    const at = `${authorizations('shop')}/good`;
    const dry = await api.ask('POST', `${authorizations('shop')}?dryRun=All`, policy('bad', bad));
    const stored = await api.must<object>('GET', at);
    const put = await api.ask('PUT', at, { ...stored, spec: bad });
    const patch = await api.ask('PATCH', at, { spec: bad }, 'application/merge-patch+json');
    const apply = await api.ask(
      'PATCH',
      `${authorizations('shop')}/new?fieldManager=test&force=true`,
      JSON.stringify(policy('new', bad)),
      'application/apply-patch+yaml',
    );
    for (const { status, body } of [dry, put, patch, apply])
      assert.deepEqual([status, /ipBlocks|10\.0\.0\.0/.test(body.message ?? '')], [403, true], JSON.stringify(body));
  });

  it('refuses a field that the cluster cuts out, as its author wrote it', async () => {
    const misspelt = applied(
      policy('cut', { action: 'ALLOW', rules: [{ form: [{ source: { namespaces: ['a'] } }] }] }),
    );
    const { status, body } = await api.ask('POST', authorizations('shop'), misspelt);
    assert.equal(status, 403);
    assert.match(body.message ?? '', /spec\.rules\[0\]\.form: /);
  });

  it('judges the other kinds too', async () => {
    const network = {
      metadata: { name: 'n' },
      spec: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }, ingress: [] },
    };
    const { status } = await api.ask('POST', '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', network);
    assert.equal(status, 201);
    const calico = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: { name: 'n' },
      spec: { selector: 'a ==' },
    };
    const refused = await api.ask('POST', '/apis/projectcalico.org/v3/namespaces/shop/networkpolicies', calico);
    assert.match(refused.body.message ?? '', /does not let NetworkPolicy shop\/n in/);
  });

  it('lets go: DELETE, deletecollection, and finalizers of what was wrong before', async () => {
    await scene.restart('warn');
    const told = await api.ask('POST', authorizations('shop'), policy('old', bad, { finalizers: ['example.com/x'] }));
    assert.equal(told.status, 201);
    assert.match(told.warnings[0] ?? '', /10\.0\.0\.0\/99/);
    await scene.restart('enforce');
    const at = `${authorizations('shop')}/old`;
    const labelled = await api.ask('PATCH', at, { metadata: { labels: { a: 'b' } } }, 'application/merge-patch+json');
    assert.equal(labelled.status, 200, JSON.stringify(labelled.body));
    assert.equal((await api.ask('DELETE', at)).status, 200);
    const freed = await api.ask('PATCH', at, { metadata: { finalizers: null } }, 'application/merge-patch+json');
    assert.equal(freed.status, 200, JSON.stringify(freed.body));
    assert.equal((await api.ask('GET', at)).status, 404);
    assert.equal((await api.ask('DELETE', authorizations('shop'))).status, 200);
  });

  it('never blocks kube-system, our own namespace and our own account', async () => {
    for (const namespace of ['kube-system', 'gatehouse-system'])
      assert.equal((await api.ask('POST', authorizations(namespace), policy('bad', bad))).status, 201, namespace);
    await scene.server().create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'all' },
      ...{
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'gatehouse-system' }],
      },
    });
    const own = await scene.server().serviceAccount('gatehouse-system', 'default');
    await eventually('the account may', async () => {
      const { status, body } = await own.api.ask('POST', `${authorizations('other')}?dryRun=All`, policy('bad', bad));
      if (status === 403 && /webhook/.test(body.message ?? '')) assert.fail(body.message);
      return status === 201 || undefined;
    });
  });

  it('fails closed while it is away, and lets the cluster mend itself', async () => {
    await scene.gatehouse().stop('SIGKILL');
    assert.equal((await api.ask('POST', authorizations('shop'), policy('unseen', good))).status, 500);
    assert.equal((await api.ask('POST', authorizations('gatehouse-system'), policy('mend', good))).status, 201);
    assert.equal((await api.ask('DELETE', `${authorizations('gatehouse-system')}/mend`)).status, 200);
    await scene.start('enforce');
    assert.equal((await api.ask('POST', authorizations('shop'), policy('seen', good))).status, 201);
  });

  it('puts right a caBundle that somebody else has edited', async () => {
    const at = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gatehouse';
    await api.must(
      'PATCH',
      at,
      [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }],
      'application/json-patch+json',
    );
    await eventually('it is asked again', async () => {
      const { status } = await api.ask('POST', `${authorizations('shop')}?dryRun=All`, policy('again', good));
      return status === 201 || undefined;
    });
  });

  it('refuses a name that a file has already, and says nothing of where', async () => {
    const twin = policy('details-viewer', good);
    const { status, body } = await api.ask('POST', authorizations('default'), twin);
    assert.equal(status, 403);
    assert.match(body.message ?? '', /a file of Gatehouse has an object of this kind and name already/);
    assert.doesNotMatch(body.message ?? '', /details\.yaml/);
    assert.match(scene.gatehouse().log(), /details\.yaml/);
  });

  it('finds what two policies of the cluster do to each other, and names only those of the same namespace', async () => {
    const custom = (provider: string) => ({ action: 'CUSTOM', provider: { name: provider }, rules: [{}] });
    await api.must('POST', authorizations('shop'), policy('first', custom('one')));
    await api.must('POST', authorizations('istio-system'), policy('everywhere', custom('one')));
    const found = await eventually('both are in force', async () => {
      const { warnings } = await api.ask(
        'POST',
        `${authorizations('shop')}?dryRun=All`,
        policy('second', custom('two')),
      );
      const all = warnings.join('\n');
      return /shop\/first/.test(all) && /elsewhere/.test(all) ? all : undefined;
    });
    assert.doesNotMatch(found, /everywhere/);
    assert.match(scene.gatehouse().log(), /istio-system\/everywhere/);
  });
});
