import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { installation } from '../../../src/cli/kubernetes/chart/installation.ts';
import type { ClusterReport } from '../../../src/cli/kubernetes/check/examine.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type ApiServer, useApiServer } from '../../support/kubernetes/api-server.ts';
import { collectionOf, objectsOf } from '../../support/kubernetes/objects.ts';
import type { User } from '../../support/kubernetes/users.ts';
import { tempDir } from '../../support/temp-dir.ts';

const NAMESPACE = 'gatehouse-system';
const STATEFUL_SET = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/gatehouse-authority`;
const ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/gatehouse-authority';

interface Ended {
  readonly code: number | undefined;
  readonly report: ClusterReport;
}

async function check({ kubeconfig }: Pick<User, 'kubeconfig'>, ...args: readonly string[]): Promise<Ended> {
  const words = ['kubernetes', 'check', '--kubeconfig', kubeconfig, '--output', 'json', ...args];
  const { code, out, err } = await commandLine(...words);
  assert.equal(err, '');
  return { code, report: JSON.parse(out) as ClusterReport }; // the command's own
}

/** Codes and texts of what is not in order. */
const problems = ({ report }: Ended): readonly string[] =>
  report.sections.flatMap(({ checks }) =>
    checks.filter(({ result }) => result === 'error').map(({ code, message }) => `${code}: ${message}`),
  );
const warnings = ({ report }: Ended): readonly string[] =>
  report.sections.flatMap(({ checks }) => checks.filter(({ result }) => result === 'warning').map(({ code }) => code));

async function install({ admin: { api } }: ApiServer): Promise<void> {
  for (const object of objectsOf(installation([], [], NAMESPACE).yaml()))
    await api.must('POST', await collectionOf(api, object), object);
}

/** What a controller would say. */
const makeReady = ({ admin: { api } }: ApiServer) =>
  api.must(
    'PATCH',
    `${STATEFUL_SET}/status`,
    { status: { replicas: 1, readyReplicas: 1 } },
    'application/merge-patch+json',
  );

/** What Gatehouse would write. */
async function writeCaBundle({ admin: { api }, ca }: ApiServer): Promise<void> {
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gatehouse';
  const caBundle = Buffer.from(ca).toString('base64');
  const written = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }];
  await api.must('PATCH', path, written, 'application/json-patch+json');
}

/** What a replica would write. */
async function holdLease({ admin: { api } }: ApiServer): Promise<void> {
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  await api.must('POST', `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`, {
    metadata: { name: 'gatehouse' },
    spec: { holderIdentity: 'gatehouse-authority-0', renewTime, leaseDurationSeconds: 3600 },
  });
}

describe('gatehouse kubernetes check', () => {
  const server = useApiServer();

  it('says of an empty cluster that it is ready for an installation, and who may not install', async () => {
    const admin = await check(server().admin, '--pre');
    assert.deepEqual(problems(admin), []);
    assert.equal(admin.code, 0);
    const nobody = await check(server().user('nobody'), '--pre');
    assert.equal(nobody.code, 1);
    assert.ok(problems(nobody).includes('may-not-install: we may not get, create, patch clusterroles'));
    assert.equal(nobody.report.who, 'nobody');
  });

  it('names what is missing', async () => {
    const ended = await check(server().admin);
    assert.equal(ended.code, 1);
    const found = problems(ended);
    assert.ok(found.includes('missing: StatefulSet gatehouse-authority is missing'));
    assert.ok(found.some((each) => each.startsWith('may-not: gatehouse-authority may not get pods, list pods')));
  });

  it('names Secrets that only you can make', async () => {
    const ended = await check(server().admin, '--pre', '--set', 'authority.keyEncryptionKey.name=kek');
    assert.deepEqual(problems(ended), ['secret-missing: Secret kek is missing: the key that encrypts keys']);
  });

  it('names what is there and does not run, and is content when it does', async () => {
    await install(server());
    assert.deepEqual(problems(await check(server().admin)), [
      'not-ready: StatefulSet gatehouse-authority: 0 of 1 ready',
      'webhook-unanswered: the webhook gatehouse has no caBundle: policies are stored unseen',
      'lease-free: nobody holds Lease gatehouse: nothing is signed or told',
    ]);
    assert.ok(
      problems(await check(server().admin, '--set', 'signer.enabled=true')).includes(
        'bundle-missing: ClusterTrustBundle gatehouse.io:workload:v1 is missing: pods that mount it do not start',
      ),
    );
    await makeReady(server());
    await writeCaBundle(server());
    await holdLease(server());
    const ended = await check(server().admin);
    assert.deepEqual(problems(ended), []);
    assert.deepEqual(warnings(ended), ['keys-not-encrypted']);
    assert.equal(ended.code, 0);
  });

  it('says in the words of the account itself what it may', async () => {
    const account = await server().serviceAccount(NAMESPACE, 'gatehouse-authority');
    const ended = await check(account);
    assert.deepEqual(problems(ended), []);
    const open = await check(server().admin, '--set', 'admission.check=enforce');
    assert.deepEqual(warnings(open), ['webhook-open', 'keys-not-encrypted']);
    assert.equal(ended.report.who, `system:serviceaccount:${NAMESPACE}:gatehouse-authority`);
    const found = ended.report.sections.find(({ name }) => name === 'permissions of authority')!;
    assert.ok(found.checks.length > 5 && found.checks.every(({ code }) => code === 'may'));
  });

  it('names a permission that was taken away, with what it is for', async () => {
    const { api } = server().admin;
    const { rules } = await api.must<{ rules: { resources: string[]; verbs: string[] }[] }>('GET', ROLE);
    const taken = rules.map((rule) => (rule.resources.includes('pods') ? { ...rule, verbs: ['get', 'list'] } : rule));
    await api.must('PATCH', ROLE, { rules: taken }, 'application/merge-patch+json');
    const ended = await check(server().admin);
    await api.must('PATCH', ROLE, { rules }, 'application/merge-patch+json');
    assert.equal(problems(ended).length, 1);
    assert.match(
      problems(ended)[0]!,
      /^may-not: gatehouse-authority may not watch pods, .*watch namespaces; needed for this: Who asks: /,
    );
  });

  it('knows a kind that is served only in versions that we do not read', async () => {
    const names = { plural: 'authorizationpolicies', kind: 'AuthorizationPolicy' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    await server().create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'authorizationpolicies.security.istio.io' },
      ...{
        spec: {
          group: 'security.istio.io',
          scope: 'Namespaced',
          names,
          versions: [{ name: 'v2', served: true, storage: true, schema }],
        },
      },
    });
    const [first] = await eventually('it is served', async () => {
      const found = problems(await check(server().admin));
      return found.length > 0 ? found : undefined;
    });
    assert.match(first!, /^version-unknown: AuthorizationPolicy is served as security\.istio\.io\/v2, and we read/);
  });

  it('ends with 2 where the cluster cannot be asked', async () => {
    await using dir = await tempDir();
    const { kubeconfig } = server().admin;
    const text = await readFile(kubeconfig, 'utf8');
    const wrong = [
      { text: text.replace(/https:[^"]*/, 'https://127.0.0.1:1'), want: /"code":"unreachable"/ },
      {
        text: text.replace(/"client-certificate-data":"[^"]*","client-key-data":"[^"]*"/, '"token":"x"'),
        want: /"code":"caller_unauthenticated"/,
      },
    ];
    for (const { text: config, want } of wrong) {
      await writeFile(dir.at('kubeconfig'), config);
      const { code, err } = await commandLine(
        'kubernetes',
        'check',
        '--kubeconfig',
        dir.at('kubeconfig'),
        '--output',
        'json',
      );
      assert.equal(code, 2);
      assert.match(err, want);
    }
  });
});
