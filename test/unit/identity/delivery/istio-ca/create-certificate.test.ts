import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { IstioCertificateRequestSchema } from '../../../../../src/gen/istio/v1/auth/ca_pb.ts';
import { readPod } from '../../../../../src/identity/attestation/kubernetes/pod-facts.ts';
import { wantedOfPods } from '../../../../../src/identity/attestation/kubernetes/pod-selectors.ts';
import { refusedToken, type TokenReason } from '../../../../../src/identity/attestation/kubernetes/token-refusal.ts';
import { istioCaMethods } from '../../../../../src/identity/delivery/istio-ca/create-certificate.ts';
import { generateKeyDer } from '../../../../../src/identity/pki/key-type.ts';
import { makeCsr } from '../../../../../src/identity/pki/make-csr.ts';
import { toPem } from '../../../../../src/identity/pki/pem.ts';
import { createImplicitEntry } from '../../../../../src/identity/registration/implicit-entries.ts';
import { createWatchable } from '../../../../../src/lib/watchable.ts';
import type { CallContext } from '../../../../../src/transport/grpc-methods.ts';
import type { Connection } from '../../../../../src/transport/listen/connections.ts';
import { createTestClock, openTestAuthority, requestOf, trustDomain } from '../../../../support/authority.ts';
import { podObject, podUid } from '../../../../support/kubernetes-pod.ts';

const HOUR_MS = 3_600_000;
const ofPod = ['k8s:ns:default', 'k8s:sa:details', `k8s:pod-uid:${podUid}`, 'k8s:pod-name:details-1'];
const pod = readPod(podObject())!; // it is one

/** @param token  what becomes of a token: refused for that reason, or its pod */
async function rig({ token = 'good' as TokenReason | 'good', row = ofPod as readonly string[] | null } = {}) {
  const clock = createTestClock();
  const { authority } = await openTestAuthority({}, { clock });
  const { chain, spiffeId } = await authority.issueX509(requestOf('details'));
  const certified: (readonly string[])[] = [];
  const issuedAt = clock.now();
  const entries = createWatchable([]);
  const namespaces = createWatchable<ReadonlySet<string>>(new Set(['default']));
  const [method] = istioCaMethods({
    source: authority,
    entries,
    callerOf: ({ peerCertificate }) => (peerCertificate === undefined ? undefined : spiffeId),
    cluster: {
      tokens: {
        async attest() {
          if (token !== 'good') throw refusedToken(token);
          return { pod, node: 'node-1', serviceAccountUid: 'u', expiresAt: Number.POSITIVE_INFINITY };
        },
      },
      implicit: createImplicitEntry({
        trustDomain,
        namespaces,
        terms: () => ({ x509SvidTtlMs: HOUR_MS, jwtSvidTtlMs: 1, federatesWith: [] }),
      }),
      wanted: () => wantedOfPods([]),
      livingPod: async () => pod,
      podsBehind: async () => [pod],
      clusterId: undefined,
      renewForMs: 10 * HOUR_MS,
      clock,
    },
    issued: async () => (row === null ? undefined : { selectors: row, issuedAt }),
    certified: (_, selectors) => certified.push(selectors),
  });
  const csr = toPem('CERTIFICATE REQUEST', makeCsr(await generateKeyDer('ec-p256')));
  const ask = async (
    withCertificate: boolean,
    authorization: readonly string[] = [],
  ): Promise<readonly string[] | undefined> => {
    const connection = { ...(withCertificate && { peerCertificate: chain[0] }) } as Connection; // all that is looked at
    const metadata = { get: (name: string) => (name === 'authorization' ? authorization : []) };
    const context: CallContext = { connection, metadata, signal: new AbortController().signal };
    assert.equal(method?.kind, 'unary');
    await method.handle(create(IstioCertificateRequestSchema, { csr }), context);
    return certified.at(-1);
  };
  return { ask, clock, issuedAt };
}

const bearer = ['Bearer x'];

describe('CreateCertificate of callers that a cluster vouches for', () => {
  it('takes a token before the certificate, so that the time of renewals begins anew', async () => {
    const { ask } = await rig();
    assert.deepEqual(await ask(true, bearer), ['k8s:token', ...ofPod, 'k8s:sa-uid:u', 'k8s:node-name:node-1']);
  });

  it('takes a token that has expired for none: the certificate renews', async () => {
    const { ask, issuedAt } = await rig({ token: 'expired' });
    const attested = `gatehouse:attested-at:${new Date(issuedAt).toISOString()}`;
    assert.deepEqual(await ask(true, bearer), ['gatehouse:svid', ...ofPod, attested]);
    await assert.rejects(ask(false, bearer), { code: 'caller_unauthenticated' });
  });

  it('lets no certificate stand for a token that is refused for anything else', async () => {
    for (const token of ['pod_gone', 'other_cluster', 'other_audience', 'malformed'] as const)
      await assert.rejects((await rig({ token })).ask(true, bearer), { code: 'caller_unauthenticated' }, token);
  });

  it('counts the time of renewals from the last token, through renewals', async () => {
    const attestedAt = new Date(createTestClock().now() - 9 * HOUR_MS).toISOString();
    const { ask, clock } = await rig({ row: ['gatehouse:svid', ...ofPod, `gatehouse:attested-at:${attestedAt}`] });
    assert.equal((await ask(true))?.at(-1), `gatehouse:attested-at:${attestedAt}`);
    clock.advance(2 * HOUR_MS);
    await assert.rejects(ask(true), /cannot be renewed by its certificate any more/);
  });

  it('renews nothing that no row of the ledger knows, nor what was given for a pod of a node', async () => {
    await assert.rejects((await rig({ row: null })).ask(true), { code: 'not_entitled' });
    const row = ['k8s:token', 'k8s:node-proxy:istio-system/ztunnel', ...ofPod];
    await assert.rejects((await rig({ row })).ask(true), { code: 'caller_unauthenticated' });
  });

  it('refuses a call with two tokens: nobody can say which is meant', async () => {
    await assert.rejects((await rig()).ask(false, [...bearer, ...bearer]), { code: 'caller_unauthenticated' });
  });
});
