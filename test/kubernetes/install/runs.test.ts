import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { installation } from '../../../src/cli/kubernetes/chart/installation.ts';
import type { ClusterReport } from '../../../src/cli/kubernetes/check/examine.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type ApiServer, useApiServer } from '../../support/kubernetes/api-server.ts';
import { collectionOf, type KubernetesObject } from '../../support/kubernetes/objects.ts';
import { startPostgres } from '../../support/postgres.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
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
function valuesFor(dir: TempDir, kubeconfig: string) {
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

const objectsFor = (file: string, namespace: string): readonly KubernetesObject[] =>
  installation([file], [], namespace).list().items as readonly KubernetesObject[]; // as the command prints them

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
    const account = await accountOf(server(), NAMESPACE, 'gatehouse-authority');
    await writeFile(dir.at('values.yaml'), stringify(valuesFor(dir, account)));
    await installed(server(), dir, 'authority');

    await using gatehouse = await runGatehouse(dir.at('gatehouse.yaml'));
    await isInForce(gatehouse);
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

  it('runs on a node, on PostgreSQL with the password of its environment', async function () {
    this.timeout(300_000);
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(await tempDir('gh-'));
    const postgres = stack.use(await startPostgres());
    await postgres.query("ALTER ROLE gatehouse PASSWORD 'of-the-secret'");
    await postgres.query("COPY (SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO PROGRAM 'cat > pg_hba.conf'");
    await postgres.query('SELECT pg_reload_conf()');
    const namespace = 'on-postgres';
    const account = await accountOf(server(), namespace, 'gatehouse-node');
    await writeFile(dir.at('kek'), randomBytes(32).toString('base64'), { mode: 0o600 });
    const values = valuesFor(dir, account);
    const { config } = values;
    const authority = {
      store: 'postgres',
      postgres: { url: postgres.url },
      keyEncryptionKey: { name: 'kek' },
    };
    const { store: _, ...rest } = config;
    const { feed: _feed, istioCa: _istioCa, admission: _admission, ...listen } = config.listen;
    const differs = {
      ...rest,
      listen,
      kubernetes: { kubeconfig: account },
      authority: { keyEncryptionKeyFile: dir.at('kek') },
    };
    const text = stringify({ name: 'gatehouse', admission: { check: 'off' }, authority, config: differs });
    await writeFile(dir.at('values.yaml'), text);
    await installed(server(), dir, 'node', namespace);

    process.env['PGPASSWORD'] = 'of-the-secret';
    process.env['NODE_NAME'] = 'node-1';
    stack.defer(() => {
      delete process.env['PGPASSWORD'];
      delete process.env['NODE_NAME'];
    });
    const gatehouse = stack.use(await runGatehouse(dir.at('gatehouse.yaml')));
    await isInForce(gatehouse);
    assert.doesNotMatch(gatehouse.log(), /forbidden|cannot (get|list|watch|create|patch|update)/i);
  });
});

/** Applies what was not there before, and writes the configuration of a part where it will be read. */
async function installed(
  { admin: { api } }: ApiServer,
  dir: TempDir,
  part: string,
  namespace = NAMESPACE,
): Promise<void> {
  for (const object of objectsFor(dir.at('values.yaml'), namespace)) {
    const { status, body } = await api.ask('POST', await collectionOf(api, object), object);
    // Namespace and account were there before, and what is of the cluster by the case before: that is the same but for whose it is.
    assert.ok(status === 201 || status === 409, `${object.kind} ${object.metadata.name}: ${body.message}`);
  }
  const bound = `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/gatehouse-${part}`;
  const subjects = [{ kind: 'ServiceAccount', name: `gatehouse-${part}`, namespace }];
  await api.must('PATCH', bound, { subjects }, 'application/merge-patch+json');
  const map = `/api/v1/namespaces/${namespace}/configmaps/gatehouse-${part}`;
  const { data } = await api.must<{ data: Record<string, string> }>('GET', map);
  await writeFile(dir.at('gatehouse.yaml'), data['gatehouse.yaml']!);
}

/** Waits until policies of the cluster are in force, and nothing is missing. */
async function isInForce({ ready: { admin } }: RunningGatehouse): Promise<void> {
  const status = await eventually('policies of the cluster are in force, and nothing is missing', async () => {
    const found = (await gatehouseJson('status', '--admin', admin, '--output', 'json')) as Status; // the command's own
    const isThere = found.policies.counts.some(({ kind, count }) => kind === 'AuthorizationPolicy' && count === 1);
    return isThere && found.degraded.length === 0 ? found : undefined;
  });
  assert.equal(status.ready, true);
}

/** Namespace, account and token, before the rest: a token is of an account that is there. */
async function accountOf(server: ApiServer, namespace: string, name: string): Promise<string> {
  await server.namespace(namespace);
  return (await server.serviceAccount(namespace, name)).kubeconfig;
}
