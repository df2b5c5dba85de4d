/**
 * Makes an authority's own certificate, self-signed or signed upstream.
 * @module
 */
import { authority } from '../../../../certs/authority.ts';
import { idOfTrustDomain } from '../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { assemble, authoritySubject, authorityTbs } from '../../pki/certificate-template.ts';
import { randomSerial } from '../../pki/serial.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../../pki/signature-algorithm.ts';
import type { Signer } from '../keys/signer.ts';
import type { NewAuthority } from '../rotate/slots.ts';

/** The algorithm with which a key of that type signs certificates. */
export function algorithmOf(signer: Pick<Signer, 'keyType'>): SignatureAlgorithm {
  switch (signer.keyType) {
    case 'ec-p256':
      return signatureAlgorithms.es256;
    case 'ec-p384':
      return signatureAlgorithms.es384;
    case 'rsa-2048':
      return signatureAlgorithms.rs256;
  }
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

/** A self-signed X.509 authority over `signer`, valid from `backdateMs` before now for `ttlMs`. */
export async function selfSigned(
  signer: Signer,
  trustDomain: TrustDomain,
  atMs: number,
  ttlMs: number,
  backdateMs: number,
): Promise<NewAuthority> {
  const algorithm = algorithmOf(signer);
  const subject = authoritySubject(authority, signer.keyId);
  const notBeforeAt = Math.floor((atMs - backdateMs) / 1000) * 1000;
  const notAfterAt = Math.floor((atMs + ttlMs) / 1000) * 1000;
  const tbs = authorityTbs(
    authority,
    {
      serial: randomSerial(atMs),
      notBeforeAt,
      notAfterAt,
      key: { spki: signer.spki, family: algorithm.family },
      trustDomainId: idOfTrustDomain(trustDomain),
      subject,
      issuer: { name: subject, keyId: undefined },
    },
    algorithm,
  );
  const certificate = base64(assemble(tbs, algorithm, await signer.sign(tbs, algorithm.digest)));
  return {
    id: signer.keyId,
    keyPlace: signer.place,
    use: 'x509',
    certificate,
    chain: [],
    roots: [certificate],
    jwk: undefined,
    notBeforeAt,
    notAfterAt,
  };
}
