/**
 * An upstream authority from files: a CA certificate, its key, and the roots above it. Also cert-manager's `tls.crt`, `tls.key`
 * and `ca.crt`. What it certifies are intermediates that sign SVIDs; the roots go into the bundle.
 * @module
 */
import { type KeyObject, sign } from 'node:crypto';
import { intermediate } from '../../../../certs/intermediate.ts';
import { idOfTrustDomain } from '../../../spiffe/spiffe-id.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { assemble, authoritySubject, authorityTbs } from '../../pki/certificate-template.ts';
import { keyIdentifier } from '../../pki/key-type.ts';
import { randomSerial } from '../../pki/serial.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../../pki/signature-algorithm.ts';
import { BACKDATE_MS } from '../rotate/schedule.ts';
import type { NewAuthority } from '../rotate/slots.ts';
import { algorithmOf } from './authority-certificate.ts';
import type { UpstreamAuthority } from './new-authority.ts';
import { whyRefused } from './prove-authority.ts';
import { readUpstream, refuse, type UpstreamFiles, type UpstreamFinding } from './upstream-check.ts';

export interface UpstreamFromFiles extends UpstreamAuthority {
  /** Reads the files as they are now, and says what is worth a word. @throws GatehouseError as `certify` */
  look(atMs: number): Promise<UpstreamLook>;
}

export interface UpstreamLook {
  /** Milliseconds since 1970: when what is signed under it stops verifying. */
  readonly endsAt: number;
  readonly findings: readonly UpstreamFinding[];
}

/** One with fewer lives of an SVID left is worth a word: its renewal seems to have been forgotten. */
const FEW_LIVES = 4;

/**
 * Creates an upstream authority that reads its files anew for each certificate, so that they may be replaced while we run.
 *
 * @param read  reads the files; what it throws is passed on
 * @param svidTtlMs  what is signed under it lives this long: an upstream CA that ends before is refused
 */
export function createUpstreamFromFiles(read: () => Promise<UpstreamFiles>, svidTtlMs: number): UpstreamFromFiles {
  return {
    async certify(signer, trustDomain, atMs, ttlMs, backdateMs = BACKDATE_MS) {
      const { issuer, key, chain, roots, endsAt, endsFirst, findings } = readUpstream(await read(), atMs);
      if (endsAt - atMs < svidTtlMs)
        refuse(
          `${endsFirst} ends at ${new Date(endsAt).toISOString()}, before an SVID would (authority.x509SvidTtl): renew it first`,
        );
      const algorithm = algorithmOfKey(key);
      const notBeforeAt = Math.max(Math.floor((atMs - backdateMs) / 1000) * 1000, issuer.notBeforeAt);
      // Never outlives what is above it: its SVIDs would stop verifying while they look valid.
      const notAfterAt = Math.min(Math.floor((atMs + ttlMs) / 1000) * 1000, endsAt);
      const tbs = authorityTbs(
        intermediate,
        {
          serial: randomSerial(atMs),
          notBeforeAt,
          notAfterAt,
          key: { spki: signer.spki, family: algorithmOf(signer).family },
          trustDomainId: idOfTrustDomain(trustDomain),
          subject: authoritySubject(intermediate, signer.keyId),
          issuer: { name: issuer.subject, keyId: keyIdOf(issuer) },
        },
        algorithm,
      );
      const fresh: NewAuthority = {
        id: signer.keyId,
        keyPlace: signer.place,
        use: 'x509',
        certificate: base64(assemble(tbs, algorithm, sign(algorithm.digest, tbs, key))),
        chain: chain.map((each) => base64(each.der)),
        roots: roots.map((each) => base64(each.der)),
        jwk: undefined,
        notBeforeAt,
        notAfterAt,
      };
      const why = await whyRefused(fresh, signer, trustDomain, atMs);
      return why === undefined ? fresh : refuse([why, ...findings.map(({ message }) => message)].join('; '));
    },
    endsAt: async (atMs) => readUpstream(await read(), atMs).endsAt,
    async look(atMs) {
      const { endsAt, endsFirst, findings } = readUpstream(await read(), atMs);
      const left = endsAt - atMs;
      if (left >= FEW_LIVES * svidTtlMs) return { endsAt, findings };
      const message = `${endsFirst} ends at ${new Date(endsAt).toISOString()}: renew it; less than authority.x509SvidTtl before that nothing more is signed under it`;
      return { endsAt, findings: [...findings, { code: 'ends_soon', message }] };
    },
  };
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

const keyIdOf = (issuer: Certificate): Buffer =>
  issuer.subjectKeyId === undefined ? keyIdentifier(issuer.spki) : Buffer.from(issuer.subjectKeyId, 'hex');

function algorithmOfKey(key: KeyObject): SignatureAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return signatureAlgorithms.rs256;
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return signatureAlgorithms.es256;
    case 'secp384r1':
      return signatureAlgorithms.es384;
    case 'secp521r1':
      return signatureAlgorithms.es512;
    default:
      return refuse('its key is neither RSA nor of curve P-256, P-384 or P-521');
  }
}
