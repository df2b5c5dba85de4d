import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { eventually } from '../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../support/gatehouse-dir.ts';
import { type ApiServer, useApiServer } from '../support/kubernetes/api-server.ts';
import { answerOf, makeNode, makePod, requestFor, requestsPath, SIGNER } from '../support/kubernetes/pod-volumes.ts';
import { allowSigner } from '../support/kubernetes/signer-replica.ts';
import type { User } from '../support/kubernetes/users.ts';
import { openssl } from '../support/openssl.ts';
import { startPostgres } from '../support/postgres.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/gatehouse';
const BUNDLE = '/apis/certificates.k8s.io/v1/clustertrustbundles/gatehouse.io:workload:v1';

/** A replica whose Lease lies in `default`, with the store of all of them. */
async function directoryOf(user: User, store: string, key: string): Promise<GatehouseDir> {
  const dir = await gatehouseDir();
  await writeFile(dir.at('key'), key, { mode: 0o600 });
  await dir.configure({
    roles: ['authority'],
    store,
    authority: { keyEncryptionKeyFile: './key' },
    policies: { paths: ['./policies'] },
    attestation: { kubernetes: { implicit: { namespaces: ['shop'] } } },
    kubernetes: { kubeconfig: user.kubeconfig, policies: false, registry: false, signer: { name: SIGNER } },
  });
  return dir;
}

/** The subject alternative name of what a new pod is given, verified by the roots in the cluster. */
async function certified(server: ApiServer, kubelet: User, name: string): Promise<string> {
  const pod = await makePod(server, { namespace: 'shop', name, account: 'cart', node: 'node-1' });
  const asked = await kubelet.api.must('POST', requestsPath('shop'), requestFor(pod));
  const status = await eventually(`${name} is answered`, () => answerOf(server, asked));
  assert.equal(status.conditions?.[0]?.type, 'Issued', JSON.stringify(status));
  await using dir = await gatehouseDir();
  const { spec } = await server.admin.api.must('GET', BUNDLE);
  await writeFile(dir.at('roots.pem'), (spec as { trustBundle: string }).trustBundle);
  await writeFile(dir.at('leaf.pem'), status.certificateChain!);
  const verified = openssl(['verify', '-CAfile', dir.at('roots.pem'), dir.at('leaf.pem')]);
  assert.ok(verified.ok, verified.text);
  return openssl(['x509', '-noout', '-ext', 'subjectAltName'], status.certificateChain!).text;
}

describe('two replicas that sign for a cluster', () => {
  const server = useApiServer();

  it('are one signer: of two one writes, and when it is killed the other does', async () => {
    await using postgres = await startPostgres();
    const user = await allowSigner(server(), 'default');
    const { kubelet } = await makeNode(server(), 'node-1');
    await server().namespace('shop');
    const key = randomBytes(32).toString('base64');
    await using one = await directoryOf(user, postgres.url, key);
    await using other = await directoryOf(user, postgres.url, key);
    await using first = await runGatehouse(one.config);
    const holder = async (): Promise<string> =>
      ((await server().admin.api.ask('GET', LEASE)).body.spec as { holderIdentity?: string } | undefined)
        ?.holderIdentity ?? '';
    const leader = await eventually('the first leads', async () => (await holder()) || undefined);
    await using second = await runGatehouse(other.config);
    assert.match(await certified(server(), kubelet, 'before'), /URI:spiffe:\/\/cluster\.local\/ns\/shop\/sa\/cart\n/);
    assert.equal(await holder(), leader);
    assert.ok(first.log().includes('this replica writes to the cluster now'), first.log());
    await first.stop('SIGKILL');
    assert.match(await certified(server(), kubelet, 'after'), /URI:spiffe:\/\/cluster\.local\/ns\/shop\/sa\/cart\n/);
    assert.notEqual(await holder(), leader);
    await second.stop('SIGTERM');
    assert.equal(await holder(), '', 'given up by who is stopped');
  });
});
