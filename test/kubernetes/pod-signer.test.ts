import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Authority } from '../../src/identity/authority/authority.ts';
import { certificatesToPem } from '../../src/identity/pki/pem.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openTestAuthority, orderOf } from '../support/authority.ts';
import { eventually } from '../support/eventually.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import {
  type AnsweredStatus,
  answerOf,
  type MountingPod,
  makeNode,
  makePod,
  requestFor,
  requestsPath,
  SIGNER,
} from '../support/kubernetes/pod-volumes.ts';
import { allowSigner, openReplica, type Replica } from '../support/kubernetes/signer-replica.ts';
import type { User } from '../support/kubernetes/users.ts';
import { newEcKey, openssl } from '../support/openssl.ts';
import { tempDir } from '../support/temp-dir.ts';

const BUNDLES = '/apis/certificates.k8s.io/v1/clustertrustbundles';
const BUNDLE = `${BUNDLES}/gatehouse.io:workload:v1`;
const MERGE = 'application/merge-patch+json';
const realTime = { now: systemClock.now, advance: () => undefined };

const saysOf = ({ conditions: [condition] = [] }: AnsweredStatus): string =>
  condition?.type === 'Denied' ? `Denied ${condition.reason}` : (condition?.type ?? '');

describe('the signer of a cluster', () => {
  const server = useApiServer();
  let signer: User;
  let kubelet: User;
  let authority: Authority;
  let replica: Replica;
  const podOf = (name: string, account = name): Promise<MountingPod> =>
    makePod(server(), { namespace: 'shop', name, account, node: 'node-1' });
  const ask = (pod: MountingPod, spec?: Record<string, unknown>, key?: readonly string[]) =>
    kubelet.api.must('POST', requestsPath('shop'), requestFor(pod, spec, key));
  const answered = (asked: Awaited<ReturnType<typeof ask>>) =>
    eventually(`${asked.metadata.name} is answered`, () => answerOf(server(), asked));
  const said = (text: string): string[] => replica.lines.filter((line) => line.includes(text));
  const restarted = async (meanwhile: () => Promise<void>): Promise<void> => {
    await replica[Symbol.asyncDispose]();
    await meanwhile();
    replica = await openReplica(authority, signer);
  };
  const bundle = async (): Promise<string> => {
    const { body } = await server().admin.api.ask('GET', BUNDLE);
    return (body.spec as { trustBundle?: string } | undefined)?.trustBundle ?? '';
  };
  const roots = (): string => certificatesToPem(authority.bundles.value.own.x509Authorities);
  const isPublished = () => eventually('the bundle is ours', async () => (await bundle()) === roots() || undefined);
  /** Seconds until the gate of an activation opens by itself. */
  const waitOfGate = async (): Promise<number> => (await authority.gate('activate', orderOf())).etaSeconds ?? -1;

  before(async () => {
    signer = await allowSigner(server());
    ({ kubelet } = await makeNode(server(), 'node-1'));
    await server().namespace('shop');
    ({ authority } = await openTestAuthority({}, { clock: realTime }));
    replica = await openReplica(authority, signer);
  });
  after(() => replica[Symbol.asyncDispose]());

  it('publishes the roots, a new one ten minutes before it signs', async () => {
    await isPublished();
    await authority.prepare(orderOf());
    await isPublished();
    const seconds = await eventually('the gate knows', async () =>
      (await waitOfGate()) > 0 ? waitOfGate() : undefined,
    );
    assert.ok(seconds > 500 && seconds <= 600, String(seconds));
    await authority.undo(orderOf());
    await isPublished();
  });

  it('signs what a kubelet asks for, so that openssl verifies it by the roots that are mounted', async () => {
    await using directory = await tempDir();
    const asked = await ask(await podOf('app-1', 'app'));
    const { certificateChain, ...times } = await answered(asked);
    writeFileSync(directory.at('leaf.pem'), certificateChain!);
    writeFileSync(directory.at('roots.pem'), await bundle());
    const verified = openssl(['verify', '-CAfile', directory.at('roots.pem'), directory.at('leaf.pem')]);
    assert.ok(verified.ok, verified.text);
    const { text } = openssl(['x509', '-noout', '-ext', 'subjectAltName'], certificateChain!);
    assert.match(text, /URI:spiffe:\/\/cluster\.local\/ns\/default\/sa\/app\n/);
    assert.equal(Date.parse(times.notAfter!) - Date.parse(times.notBefore!), 3_600_000);
    const [row] = await authority.ledger({ limit: 1 });
    assert.equal(row?.channel, 'pod-certificate');
  });

  const keys = [
    ['ECDSAP384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'Issued'],
    ['RSA3072', ['rsa:3072'], 'Issued'],
    ['ED25519', ['ed25519'], 'Denied UnsupportedKeyType'],
    ['ECDSAP521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], 'Denied UnsupportedKeyType'],
  ] as const;
  for (const [name, key, want] of keys)
    it(`answers a request with a key of ${name}: ${want}`, async () => {
      const asked = await ask(await podOf(`key-${name.toLowerCase()}`, 'app'), {}, key);
      assert.equal(saysOf(await answered(asked)), want);
    });

  it('denies an annotation that it does not know, and says so once', async () => {
    const asked = await ask(await podOf('annotated', 'app'), {
      unverifiedUserAnnotations: { 'example.com/names': 'x' },
    });
    assert.equal(saysOf(await answered(asked)), 'Denied UnknownAnnotation');
    await eventually('it is said', () => said(asked.metadata.name).length > 0 || undefined);
    assert.equal(said(asked.metadata.name).length, 1);
  });

  it('denies a request for a pod that is gone, or is another one now', async () => {
    const [gone, replaced] = [await podOf('gone', 'app'), await podOf('replaced', 'app')];
    let requests: Awaited<ReturnType<typeof ask>>[] = [];
    await restarted(async () => {
      requests = [await ask(gone), await ask(replaced)];
      for (const { name } of [gone, replaced])
        await server().admin.api.must('DELETE', `/api/v1/namespaces/shop/pods/${name}?gracePeriodSeconds=0`);
      await podOf('replaced', 'app');
    });
    for (const each of requests) assert.equal(saysOf(await answered(each)), 'Denied PodGone');
  });

  it("leaves another signer's requests alone, and says so once", async () => {
    const others = { namespace: 'shop', account: 'app', node: 'node-1', signer: 'example.com/other' };
    for (const name of ['other-1', 'other-2'])
      await ask(await makePod(server(), { ...others, name }), { signerName: 'example.com/other' });
    const ours = await ask(await podOf('after-others', 'app'));
    assert.equal(saysOf(await answered(ours)), 'Issued');
    const { items } = await server().admin.api.must(
      'GET',
      `${requestsPath('shop')}?fieldSelector=spec.signerName%3Dexample.com%2Fother`,
    );
    assert.deepEqual(
      items.map(({ status }) => JSON.stringify(status ?? {})),
      ['{}', '{}'],
    );
    assert.equal(said('example.com/other').length, 1);
  });

  it('lets a pod wait that nothing gives an identity, and says so once', async () => {
    const asked = await ask(await podOf('stranger'));
    await eventually('it is said', () => said(asked.metadata.name).length > 0 || undefined);
    await answered(await ask(await podOf('after-stranger', 'app')));
    assert.equal(await answerOf(server(), asked), undefined);
    assert.equal(said(asked.metadata.name).length, 1);
    assert.match(said(asked.metadata.name)[0]!, /no entry gives service account shop\/stranger an identity/);
    await eventually('it is counted', async () =>
      (await replica.metrics()).includes('requests_waiting{reason="not_entitled"} 1') ? true : undefined,
    );
  });

  it('puts back what somebody else makes of the bundle, says so, and lets the gate begin anew only where a root was taken away', async () => {
    await authority.prepare(orderOf());
    await isPublished();
    const before = await eventually('the gate knows', async () =>
      (await waitOfGate()) > 0 ? waitOfGate() : undefined,
    );
    const stranger = openssl(['req', '-x509', ...newEcKey, '-keyout', '/dev/null', '-subj', '/CN=x']);
    const { api } = server().admin;
    await api.must(
      'PATCH',
      BUNDLE,
      { spec: { trustBundle: `${roots()}${stranger.text.slice(stranger.text.indexOf('-----BEGIN CERT'))}` } },
      MERGE,
    );
    await isPublished();
    assert.ok((await waitOfGate()) <= before, 'nothing was taken away');
    await api.must(
      'PATCH',
      BUNDLE,
      { spec: { trustBundle: certificatesToPem(authority.bundles.value.own.x509Authorities.slice(1)) } },
      MERGE,
    );
    await isPublished();
    await api.must('DELETE', BUNDLE);
    await isPublished();
    assert.equal(said('it is put back').length, 1, 'once in a while');
    assert.match(await replica.metrics(), /gatehouse_trust_bundle_edits_total 3/);
    await eventually('the gate began anew', async () => (await waitOfGate()) >= 598 || undefined);
    assert.equal(saysOf(await answered(await ask(await podOf('after-edits', 'app')))), 'Issued');
    await authority.undo(orderOf());
    await isPublished();
  });

  it("names bundles of others that pods trust by our signer's name", async () => {
    const body = {
      metadata: { name: 'gatehouse.io:workload:mine' },
      spec: { signerName: SIGNER, trustBundle: await bundle() },
    };
    await server().admin.api.must('POST', BUNDLES, body);
    await eventually('it is said', () => said('gatehouse.io:workload:mine').length > 0 || undefined);
    await server().admin.api.must('DELETE', `${BUNDLES}/gatehouse.io:workload:mine`);
  });

  it('goes on when the API server has been away, and when it was not allowed to sign for a while', async () => {
    await server().kill();
    await server().start();
    assert.equal(saysOf(await answered(await ask(await podOf('after-restart', 'app')))), 'Issued');
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/gatehouse';
    const { rules } = await server().admin.api.must<{ rules: { resources: string[] }[] } & { kind: string }>(
      'GET',
      role,
    );
    await server().admin.api.must(
      'PATCH',
      role,
      { rules: rules.filter(({ resources }) => !resources.includes('signers')) },
      MERGE,
    );
    const asked = await ask(await podOf('not-allowed', 'app'));
    await eventually('it is said', () => said(asked.metadata.name).length > 0 || undefined);
    assert.equal(await answerOf(server(), asked), undefined);
    await server().admin.api.must('PATCH', role, { rules }, MERGE);
    assert.equal(saysOf(await answered(asked)), 'Issued');
    assert.equal(
      (await authority.ledger({ limit: 1_000 })).filter(({ consumer }) => consumer.includes('not-allowed')).length,
      1,
      'signed once',
    );
  });
});

describe('the signer of a cluster with kubelets of before', () => {
  const server = useApiServer({ flags: ['--runtime-config=certificates.k8s.io/v1beta1=true'] });

  it('signs a bare key that proves itself', async () => {
    const signer = await allowSigner(server());
    const { kubelet } = await makeNode(server(), 'node-1');
    await server().namespace('shop');
    const { authority } = await openTestAuthority({}, { clock: realTime });
    await using _replica = await openReplica(authority, signer);
    const pod = await makePod(server(), { namespace: 'shop', name: 'app', account: 'app', node: 'node-1' });
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { metadata, spec } = requestFor(pod);
    const { stubPKCS10Request: _csr, ...rest } = spec;
    const body = {
      metadata,
      spec: {
        ...rest,
        pkixPublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
        proofOfPossession: sign('sha256', Buffer.from(pod.uid), privateKey).toString('base64'),
      },
    };
    const asked = await kubelet.api.must('POST', requestsPath('shop').replace('/v1/', '/v1beta1/'), body);
    const status = await eventually('it is answered', () => answerOf(server(), asked));
    assert.equal(saysOf(status), 'Issued', JSON.stringify(status));
  });
});
