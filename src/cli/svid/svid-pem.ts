/**
 * SVIDs as files and JSON hold them.
 * @module
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { X509SVID, X509SVIDResponse } from '../../gen/spiffe/workload/workloadapi_pb.ts';
import { DerReader } from '../../identity/pki/der-reader.ts';
import { certificatesToPem } from '../../identity/pki/pem.ts';

/** An X.509-SVID in PEM. */
export interface PemSvid {
  readonly spiffeId: string;
  readonly hint: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** Leaf first. */
  readonly chainPem: string;
  /** PKCS#8; empty where it was only looked at. */
  readonly keyPem: string;
  readonly bundlePem: string;
}

/** All that the Workload API gave, in PEM. */
export interface PemSvids {
  readonly svids: readonly PemSvid[];
  /** By trust domain ID. */
  readonly federatedBundles: Readonly<Record<string, string>>;
}

/** Private keys only where they were asked for. */
type ShownSvids = Omit<PemSvids, 'svids'> & {
  readonly svids: readonly (Omit<PemSvid, 'keyPem'> & Partial<PemSvid>)[];
};

/** Converts one message of the Workload API. */
export function pemSvids({ svids, federatedBundles }: X509SVIDResponse): PemSvids {
  return {
    svids: svids.map(pemSvid),
    federatedBundles: Object.fromEntries(
      Object.entries(federatedBundles).map(([id, bundle]) => [id, certificatesPem(bundle)]),
    ),
  };
}

function pemSvid({ spiffeId, hint, x509Svid, x509SvidKey, bundle }: X509SVID): PemSvid {
  return {
    spiffeId,
    hint,
    expiresAt: new Date(new X509Certificate(x509Svid).validTo).toISOString(),
    chainPem: certificatesPem(x509Svid),
    keyPem: x509SvidKey.length === 0 ? '' : keyPemOf(x509SvidKey),
    bundlePem: certificatesPem(bundle),
  };
}

function keyPemOf(pkcs8: Uint8Array): string {
  return String(
    createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }).export({
      format: 'pem',
      type: 'pkcs8',
    }),
  );
}

/** The Workload API sends certificates one after the other (SPIFFE Workload API §5.2). */
function certificatesPem(concatenated: Uint8Array): string {
  const reader = new DerReader(concatenated);
  const certificates: Uint8Array[] = [];
  while (!reader.done) certificates.push(reader.read().encoded);
  return certificatesToPem(certificates);
}

/** What is shown: the same without private keys unless they were asked for. */
export function shownSvids(pem: PemSvids, withKeys: boolean): ShownSvids {
  return { ...pem, svids: pem.svids.map(({ keyPem, ...rest }) => (withKeys ? { ...rest, keyPem } : rest)) };
}
