import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { PodFacts } from '../../../../../src/identity/attestation/kubernetes/pod-facts.ts';
import { judgePod } from '../../../../../src/identity/delivery/pod-certificates/judge-pod.ts';
import { judgeRequest } from '../../../../../src/identity/delivery/pod-certificates/judge-request.ts';
import {
  type PodCertificateRequest,
  readPodCertificateRequest,
} from '../../../../../src/identity/delivery/pod-certificates/request.ts';
import { opensslCsr, requestObject } from '../../../../support/pod-certificate-requests.ts';

const OURS = 'gatehouse.io/workload';

function read(spec: Record<string, unknown> = {}, status?: unknown): PodCertificateRequest {
  const request = readPodCertificateRequest(requestObject(spec, status));
  assert.ok(typeof request !== 'string', JSON.stringify(request));
  return request;
}

const csr = (...args: string[]): string => opensslCsr(args).toString('base64');

/** A signature over another text by the same key: somebody who has seen a request and does not hold its key. */
function tampered(): string {
  const der = opensslCsr(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  der[der.length - 1]! ^= 1;
  return der.toString('base64');
}

const spkiOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64');

describe('judgeRequest', () => {
  const keys: readonly (readonly [name: string, args: readonly string[], want: string])[] = [
    ['P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'go on'],
    ['P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'go on'],
    ['RSA of 3072 bits', ['rsa:3072'], 'go on'],
    ['P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], 'UnsupportedKeyType'],
    ['Ed25519', ['ed25519'], 'UnsupportedKeyType'],
    ['RSA of 1024 bits', ['rsa:1024'], 'UnsupportedKeyType'],
  ];
  for (const [name, args, want] of keys)
    it(`says of a key that is ${name}: ${want}`, () => {
      const verdict = judgeRequest(read({ stubPKCS10Request: csr(...args) }), OURS);
      assert.equal(verdict.does === 'deny' ? verdict.reason : verdict.does, want);
      if (verdict.does === 'deny') assert.match(verdict.message, /ECDSAP256/, 'it names a good one');
    });

  const rows: readonly { name: string; spec: Record<string, unknown>; status?: unknown; want: unknown }[] = [
    {
      name: "leaves another signer's alone",
      spec: { signerName: 'gatehouse.io/other' },
      want: { does: 'leave', why: 'foreign signer' },
    },
    ...['Issued', 'Denied', 'Failed'].map((type) => ({
      name: `leaves alone what is ${type}`,
      spec: {},
      status: { conditions: [{ type, status: 'True' }] },
      want: { does: 'leave', why: 'answered' },
    })),
    {
      name: 'denies an annotation that it does not know',
      spec: { unverifiedUserAnnotations: { 'example.com/dns-names': 'a.example' } },
      want: 'UnknownAnnotation',
    },
    {
      name: 'denies a request for a certificate whose signature does not verify',
      spec: { stubPKCS10Request: tampered() },
      want: 'InvalidRequest',
    },
    {
      name: 'denies what is no request for a certificate',
      spec: { stubPKCS10Request: Buffer.from('nonsense').toString('base64') },
      want: 'InvalidRequest',
    },
    { name: 'waits for one that shows no key', spec: { stubPKCS10Request: null }, want: 'wait' },
  ];
  for (const { name, spec, status, want } of rows)
    it(name, () => {
      const verdict = judgeRequest(read(spec, status), OURS);
      if (typeof want !== 'string') assert.deepEqual(verdict, want);
      else assert.equal(verdict.does === 'deny' ? verdict.reason : verdict.does, want);
    });

  describe('of the form before, a bare key', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
    const uid = Buffer.from(requestObject().spec.podUID);
    const byEc = (bytes: Buffer): string => sign('sha256', bytes, ec.privateKey).toString('base64');
    const byRsa = (padding: number): string => sign('sha256', uid, { key: rsa.privateKey, padding }).toString('base64');
    const forms: readonly (readonly [name: string, key: KeyObject, proof: string, want: string])[] = [
      ['that signs the UID of the pod', ec.publicKey, byEc(uid), 'go on'],
      ['that signs the UID of another', ec.publicKey, byEc(Buffer.from('another')), 'InvalidRequest'],
      ['of RSA with PSS', rsa.publicKey, byRsa(constants.RSA_PKCS1_PSS_PADDING), 'go on'],
      ['of RSA with PKCS #1 v1.5', rsa.publicKey, byRsa(constants.RSA_PKCS1_PADDING), 'InvalidRequest'],
      [
        'of another than signed',
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
        byEc(uid),
        'InvalidRequest',
      ],
      ['that is Ed25519', generateKeyPairSync('ed25519').publicKey, 'AA==', 'UnsupportedKeyType'],
    ];
    for (const [name, key, proofOfPossession, want] of forms)
      it(`${name}: ${want}`, () => {
        const spec = { stubPKCS10Request: null, pkixPublicKey: spkiOf(key), proofOfPossession };
        const verdict = judgeRequest(read(spec), OURS);
        assert.equal(verdict.does === 'deny' ? verdict.reason : verdict.does, want);
      });
  });

  it('takes a day where the request says nothing of its life', () => {
    assert.equal(read({ maxExpirationSeconds: undefined }).maxLifeMs, 86_400_000);
  });

  it('says what is wrong with what is no request', () => {
    const said = readPodCertificateRequest({ metadata: {}, spec: { podName: 7 } });
    assert.ok(typeof said === 'string');
    assert.match(said, /metadata\.namespace/);
  });
});

describe('judgePod', () => {
  const request = read();
  const pod: PodFacts = {
    uid: request.pod.uid,
    namespace: 'shop',
    name: 'app-1',
    labels: {},
    isTerminating: false,
    containers: new Map(),
    serviceAccount: request.account.name,
    node: request.node,
    hasEnded: false,
  };
  const account = { uid: request.account.uid };
  const rows = [
    { name: 'nothing against what is as it says', found: { pod, account }, want: 'go on' },
    { name: 'a pod that is gone', found: { pod: undefined, account }, want: 'deny PodGone' },
    { name: 'a pod of the same name', found: { pod: { ...pod, uid: 'other' }, account }, want: 'deny PodGone' },
    { name: 'a pod that has ended', found: { pod: { ...pod, hasEnded: true }, account }, want: 'deny PodGone' },
    {
      name: "an account that is not the pod's",
      found: { pod: { ...pod, serviceAccount: 'x' }, account },
      want: 'deny PodMismatch',
    },
    { name: 'another node', found: { pod: { ...pod, node: 'node-2' }, account }, want: 'deny PodMismatch' },
    { name: 'a pod that is not scheduled', found: { pod: { ...pod, node: '' }, account }, want: 'deny PodMismatch' },
    { name: 'an account that is gone', found: { pod, account: undefined }, want: 'wait account' },
    { name: 'an account that was made anew', found: { pod, account: { uid: 'other' } }, want: 'wait account' },
  ] as const;
  for (const { name, found, want } of rows)
    it(`says of ${name}: ${want}`, () => {
      const verdict = judgePod(request, found);
      assert.equal(verdict.does === 'go on' ? verdict.does : `${verdict.does} ${verdict.reason}`, want);
    });
});
