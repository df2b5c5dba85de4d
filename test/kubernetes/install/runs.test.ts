import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { installation } from '../../../src/cli/kubernetes/chart/installation.ts';
import type { ClusterReport } from '../../../src/cli/kubernetes/check/examine.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type ApiServer, useApiServer } from '../../support/kubernetes/api-server.ts';
import { collectionOf, type KubernetesObject } from '../../support/kubernetes/objects.ts';
import { gatehouseJson, runGatehouse } from '../../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const NAMESPACE = 'gatehouse-system';
const WEBHOOK = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gatehouse';
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/gatehouse`;
const BUNDLES = '/apis/certificates.k8s.io/v1/clustertrustbundles';

interface Status {
  readonly ready: boolean;
  readonly degraded: readonly string[];
  readonly policies: { readonly counts: readonly { readonly kind: string; readonly count: number }[] };
}

/** The values, with what differs where no kubelet mounts anything. */
function valuesFor(dir: TempDir, kubeconfig: string): object {
  return {
    signer: { enabled: true },
    config: {
      dataDir: dir.at('data'),
      store: `sqlite:${dir.at('data/gatehouse.db')}`,
      kubernetes: { kubeconfig, leader: { namespace: NAMESPACE } },
      listen: {
        ...{ workloadApi: `unix:${dir.at('workload.sock')}`, admin: `unix:${dir.at('admin.sock')}` },
        ...{ extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', feed: '127.0.0.1:0', istioCa: '127.0.0.1:0' },
        admission: '127.0.0.1:0',
      },
    },
  };
}

const objectsFor = (file: string): readonly KubernetesObject[] =>
  installation([file], [], NAMESPACE).list().items as readonly KubernetesObject[]; // as the command prints them

const denyAll: KubernetesObject & { readonly spec: object } = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'nobody', namespace: 'shop' },
  spec: {},
};

describe('an installation that runs by its own account and configuration', () => {
  const server = useApiServer({}, (started) =>
    started.installCrds('istio', 'clusterNetworkPolicy', 'calico', 'calicoApi'),
  );

  it('lacks no permission: it reads, writes its webhook, bundle and lease, and the check is content', async function () {
    this.timeout(300_000);
    await using dir = await tempDir('gh-');
    const { api, kubeconfig } = server().admin;
    await server().namespace('shop');
    await server().create(denyAll);
    const account = await accountOf(server());
    await writeFile(dir.at('values.yaml'), stringify(valuesFor(dir, account)));
    for (const object of objectsFor(dir.at('values.yaml')))
      if (!(object.kind === 'Namespace' || object.kind === 'ServiceAccount'))
        await api.must('POST', await collectionOf(api, object), object);
    const { data } = await api.must<{ data: Record<string, string> }>(
      'GET',
      `/api/v1/namespaces/${NAMESPACE}/configmaps/gatehouse-authority`,
    );
    await writeFile(dir.at('gatehouse.yaml'), data['gatehouse.yaml']!);

    await using gatehouse = await runGatehouse(dir.at('gatehouse.yaml'));
    const status = await eventually('policies of the cluster are in force, and nothing is missing', async () => {
      const found = (await gatehouseJson('status', '--admin', gatehouse.ready.admin, '--output', 'json')) as Status; // the command's own
      const isThere = found.policies.counts.some(({ kind, count }) => kind === 'AuthorizationPolicy' && count === 1);
      return isThere && found.degraded.length === 0 ? found : undefined;
    });
    assert.equal(status.ready, true);
    for (const path of [WEBHOOK, LEASE, `${BUNDLES}/gatehouse.io:workload:v1`])
      await eventually(`${path} is written`, async () => {
        const { status: code, body } = await api.ask<{ webhooks?: { clientConfig: { caBundle?: string } }[] }>(
          'GET',
          path,
        );
        return (code === 200 && (path !== WEBHOOK || body.webhooks?.[0]?.clientConfig.caBundle)) || undefined;
      });
    assert.doesNotMatch(gatehouse.log(), /forbidden|cannot (get|list|watch|create|patch|update)/i);

    await api.must(
      'PATCH',
      `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/gatehouse-authority/status`,
      { status: { replicas: 1, readyReplicas: 1 } },
      'application/merge-patch+json',
    );
    const words = ['--kubeconfig', kubeconfig, '--values', dir.at('values.yaml'), '--output', 'json'];
    const checked = await commandLine('kubernetes', 'check', ...words);
    const { sections } = JSON.parse(checked.out) as ClusterReport; // the command's own
    assert.deepEqual(
      sections.flatMap(({ checks }) => checks.filter(({ result }) => result === 'error')),
      [],
    );
    assert.equal(checked.code, 0);
  });
});

/** Namespace, account and token, before the rest: a token is of an account that is there. */
async function accountOf(server: ApiServer): Promise<string> {
  await server.namespace(NAMESPACE);
  return (await server.serviceAccount(NAMESPACE, 'gatehouse-authority')).kubeconfig;
}
