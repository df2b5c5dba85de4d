/**
 * Makes an authority's own certificate, self-signed or signed upstream.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { authority } from '../../../../certs/authority.ts';
import { idOfTrustDomain } from '../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { assemble, authoritySubject, authorityTbs } from '../../pki/certificate-template.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../../pki/signature-algorithm.ts';
import type { Signer } from '../keys/signer.ts';
import { BACKDATE_MS } from '../rotate/schedule.ts';
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

const POOL_BYTES = 4096;
const RANDOM_BYTES = 10;
let pool = Buffer.alloc(0);

/**
 * A serial number of 16 bytes: when it was drawn (6 bytes), and 80 random bits, where 64 are asked for (RFC 5280 §4.1.2.2, CA/B
 * §7.1). Beginning with time, serials drawn together lie together in the ledger's index; a certificate tells its age anyway.
 * The second-highest bit is set, so it is positive and has no leading zero byte. Randomness is drawn 4 KiB at a time: one by
 * one it would cost a tenth of a signature.
 */
export function randomSerial(atMs: number): Buffer {
  if (pool.length < RANDOM_BYTES) pool = randomBytes(POOL_BYTES);
  const serial = Buffer.allocUnsafe(6 + RANDOM_BYTES);
  serial.writeUIntBE(Math.max(0, Math.floor(atMs)) % 2 ** 46, 0, 6);
  serial[0] = (serial[0] ?? 0) | 0x40;
  serial.set(pool.subarray(0, RANDOM_BYTES), 6);
  pool = pool.subarray(RANDOM_BYTES);
  return serial;
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

/** A self-signed X.509 authority over `signer`, valid from now (less 10 s) for `ttlMs`. */
export async function selfSigned(
  signer: Signer,
  trustDomain: TrustDomain,
  atMs: number,
  ttlMs: number,
): Promise<NewAuthority> {
  const algorithm = algorithmOf(signer);
  const subject = authoritySubject(authority, signer.keyId);
  const notBeforeAt = Math.floor((atMs - BACKDATE_MS) / 1000) * 1000;
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
    use: 'x509',
    certificate,
    chain: [],
    roots: [certificate],
    jwk: undefined,
    notBeforeAt,
    notAfterAt,
  };
}
