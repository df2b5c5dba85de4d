/**
 * PodCertificateRequests as an API server shows them.
 * @module
 */
import assert from 'node:assert/strict';
import { openssl } from './openssl.ts';

/** A request for a certificate that openssl made, with a key of those kinds (`-newkey` and what belongs to it), DER. */
export function opensslCsr(key: readonly string[]): Buffer {
  const made = openssl([
    'req',
    '-new',
    '-newkey',
    ...key,
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    '/',
    '-outform',
    'DER',
  ]);
  assert.ok(made.ok, made.text);
  return made.stdout;
}

/** One of v1 for a pod of account `app` on `node-1`; its key is given by `spec`, or a P-256 of openssl's. */
export function requestObject(spec: Record<string, unknown> = {}, status?: unknown) {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'PodCertificateRequest',
    metadata: { namespace: 'shop', name: 'req-1', uid: 'c0ffee00-0000-4000-8000-000000000001', resourceVersion: '7' },
    spec: {
      signerName: 'gatehouse.io/workload',
      podName: 'app-1',
      podUID: 'c0ffee00-0000-4000-8000-00000000000a',
      serviceAccountName: 'app',
      serviceAccountUID: 'c0ffee00-0000-4000-8000-00000000000b',
      nodeName: 'node-1',
      nodeUID: 'c0ffee00-0000-4000-8000-00000000000c',
      maxExpirationSeconds: 3600,
      ...(!('stubPKCS10Request' in spec) && {
        stubPKCS10Request: opensslCsr(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']).toString('base64'),
      }),
      ...spec,
    },
    ...(status !== undefined && { status }),
  };
}
