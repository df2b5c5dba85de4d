import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ApiServer, useApiServer } from '../../support/kubernetes/api-server.ts';
import { chartFolder, helm } from '../../support/kubernetes/helm.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const NAMESPACE = 'gatehouse-system';
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const STATEFUL_SET = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/gatehouse-authority`;

interface StatefulSet {
  readonly metadata: { readonly uid: string };
  readonly spec: {
    readonly volumeClaimTemplates: readonly { readonly metadata: object; readonly spec: object }[];
    readonly persistentVolumeClaimRetentionPolicy: object;
    readonly template: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } };
  };
}

describe('an upgrade', () => {
  const server = useApiServer();
  let dir: TempDir;
  before(async () => {
    dir = await tempDir('gh-helm-');
  });
  after(() => dir[Symbol.asyncDispose]());

  const run = (...args: readonly string[]): void => {
    const { ok, out, err } = helm(dir, ...args, '--kubeconfig', server().admin.kubeconfig, '--namespace', NAMESPACE);
    assert.ok(ok, out + err);
  };

  it('keeps the volume and the keys, and so does an end', async () => {
    const { api } = server().admin;
    run('install', 'gatehouse', chartFolder, '--create-namespace', '--set', 'authority.keyEncryptionKey.name=kek');
    const first = await api.must<StatefulSet>('GET', STATEFUL_SET);
    assert.deepEqual(first.spec.persistentVolumeClaimRetentionPolicy, { whenDeleted: 'Retain', whenScaled: 'Retain' });
    const kept = [await makeClaim(server(), first), await makeSecret(server())];

    run('upgrade', 'gatehouse', chartFolder, '--set', 'authority.keyEncryptionKey.name=kek,config.log.level=warn');
    const second = await api.must<StatefulSet>('GET', STATEFUL_SET);
    assert.equal(second.metadata.uid, first.metadata.uid); // not made anew: its pods would be without a volume meanwhile
    assert.deepEqual(second.spec.volumeClaimTemplates, first.spec.volumeClaimTemplates);
    const checksumOf = ({ spec }: StatefulSet) => spec.template.metadata.annotations['gatehouse.io/config'];
    assert.notEqual(checksumOf(second), checksumOf(first)); // its pod is made anew, with the other configuration

    run('rollback', 'gatehouse', '1');
    run('uninstall', 'gatehouse');
    for (const { path, version } of kept) {
      const { metadata } = await api.must('GET', path);
      assert.equal(metadata.resourceVersion, version, path);
    }
  });
});

interface Webhooks {
  readonly webhooks: readonly {
    readonly failurePolicy: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

describe('an upgrade of the webhook', () => {
  const server = useApiServer();

  it('leaves what Gatehouse has written there', async () => {
    await using dir = await tempDir('gh-helm-');
    const { api, kubeconfig } = server().admin;
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gatehouse';
    const run = (...args: readonly string[]): void => {
      const { ok, out, err } = helm(dir, ...args, '--kubeconfig', kubeconfig, '--namespace', NAMESPACE);
      assert.ok(ok, out + err);
    };
    const there = async () => {
      const { failurePolicy, clientConfig } = (await api.must<Webhooks>('GET', path)).webhooks[0]!;
      return { failurePolicy, caBundle: clientConfig.caBundle };
    };
    run('install', 'gatehouse', chartFolder, '--create-namespace', '--set', 'admission.check=enforce');
    assert.deepEqual(await there(), { failurePolicy: 'Ignore', caBundle: undefined });
    const caBundle = Buffer.from(certificate(dir)).toString('base64');
    const written = [
      { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle },
      { op: 'add', path: '/webhooks/0/failurePolicy', value: 'Fail' },
    ];
    await api.must('PATCH', `${path}?fieldManager=gatehouse`, written, 'application/json-patch+json');
    run('upgrade', 'gatehouse', chartFolder, '--set', 'admission.check=enforce,config.log.level=warn');
    assert.deepEqual(await there(), { failurePolicy: 'Fail', caBundle });
  });
});

/** One that anybody could have. */
function certificate(dir: TempDir): string {
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-subj', '/CN=any'],
    ...['-keyout', dir.at('key.pem'), '-out', dir.at('cert.pem')],
  ]);
  assert.ok(made.ok, made.text);
  return readFileSync(dir.at('cert.pem'), 'utf8');
}

/** As the controller of stateful sets makes it. */
async function makeClaim(
  { admin: { api } }: ApiServer,
  { spec }: StatefulSet,
): Promise<{ path: string; version: string }> {
  const [template] = spec.volumeClaimTemplates;
  const claim = { ...template, metadata: { ...template!.metadata, name: 'data-gatehouse-authority-0' } };
  const { metadata } = await api.must('POST', `${CORE}/persistentvolumeclaims`, claim);
  return { path: `${CORE}/persistentvolumeclaims/${metadata.name}`, version: metadata.resourceVersion };
}

/** As you make it. */
async function makeSecret({ admin: { api } }: ApiServer): Promise<{ path: string; version: string }> {
  const data = { kek: Buffer.from(randomBytes(32).toString('base64')).toString('base64') };
  const { metadata } = await api.must('POST', `${CORE}/secrets`, { metadata: { name: 'kek' }, data });
  return { path: `${CORE}/secrets/${metadata.name}`, version: metadata.resourceVersion };
}
