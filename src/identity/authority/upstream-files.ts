/**
 * An upstream authority from files: a CA certificate, its key, and the roots above it. Also cert-manager's `tls.crt`, `tls.key`
 * and `ca.crt`. What it certifies are intermediates that sign SVIDs; the roots go into the bundle.
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { intermediate } from '../../../certs/intermediate.ts';
import { GatehouseError } from '../../errors.ts';
import { idOfTrustDomain } from '../../spiffe/spiffe-id.ts';
import { type Certificate, readCertificate } from '../pki/certificate.ts';
import { assemble, authoritySubject, authorityTbs } from '../pki/certificate-template.ts';
import { keyIdentifier } from '../pki/key-type.ts';
import { fromPem } from '../pki/pem.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../pki/signature-algorithm.ts';
import { isSignedBy } from '../pki/svid-chain.ts';
import { algorithmOf, randomSerial } from './authority-certificate.ts';
import type { UpstreamAuthority } from './create-authority.ts';
import { BACKDATE_MS } from './schedule.ts';

/** The text of the files, all PEM. */
export interface UpstreamFiles {
  /** The CA certificate first, then what stands between it and the root. */
  readonly certificatePem: string;
  /** PKCS#8, PKCS#1 or SEC1, not encrypted. */
  readonly keyPem: string;
  /** Roots; empty when the CA certificate is itself one. */
  readonly rootsPem: string;
}

function refuse(reason: string, cause?: unknown): never {
  throw new GatehouseError('certificate_invalid', `the upstream CA cannot be used: ${reason}`, { reason }, { cause });
}

/**
 * Creates an upstream authority that reads its files anew for each certificate, so that they may be replaced while we run.
 *
 * @param read  reads the files; what it throws is passed on
 */
export function createUpstreamFromFiles(read: () => Promise<UpstreamFiles>): UpstreamAuthority {
  return {
    async certify(signer, trustDomain, atMs, ttlMs) {
      const files = await read();
      const { chain, roots, key } = checked(files, atMs);
      const [issuer] = chain as [Certificate]; // checked() refuses an empty one
      const algorithm = algorithmOfKey(key);
      const notBeforeAt = Math.floor((atMs - BACKDATE_MS) / 1000) * 1000;
      // Never outlives any certificate above it: its SVIDs would stop verifying while they look valid.
      const limit = Math.min(...[...chain, ...roots].map((each) => each.notAfterAt));
      const notAfterAt = Math.min(Math.floor((atMs + ttlMs) / 1000) * 1000, limit);
      const tbs = authorityTbs(
        intermediate,
        {
          serial: randomSerial(atMs),
          notBeforeAt: Math.max(notBeforeAt, issuer.notBeforeAt),
          notAfterAt,
          key: { spki: signer.spki, family: algorithmOf(signer).family },
          trustDomainId: idOfTrustDomain(trustDomain),
          subject: authoritySubject(intermediate, signer.keyId),
          issuer: { name: issuer.subject, keyId: keyIdOf(issuer) },
        },
        algorithm,
      );
      const der = assemble(tbs, algorithm, sign(algorithm.digest, tbs, key));
      const isRoot = (each: Certificate): boolean => roots.some((root) => Buffer.compare(root.der, each.der) === 0);
      return {
        id: signer.keyId,
        use: 'x509',
        certificate: base64(der),
        chain: chain.filter((each) => !isRoot(each)).map((each) => base64(each.der)),
        roots: roots.map((each) => base64(each.der)),
        jwk: undefined,
        notBeforeAt: Math.max(notBeforeAt, issuer.notBeforeAt),
        notAfterAt,
      };
    },
  };
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

const keyIdOf = (issuer: Certificate): Buffer =>
  issuer.subjectKeyId === undefined ? keyIdentifier(issuer.spki) : Buffer.from(issuer.subjectKeyId, 'hex');

interface Checked {
  readonly chain: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly key: KeyObject;
}

/** Everything that could be wrong is said before anything is signed. */
function checked({ certificatePem, keyPem, rootsPem }: UpstreamFiles, atMs: number): Checked {
  const chain = fromPem('CERTIFICATE', certificatePem).map(readCertificate);
  const [issuer] = chain;
  if (!issuer) return refuse('there is no certificate');
  const key = readKey(keyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  if (Buffer.compare(spki, issuer.spki) !== 0) refuse('the key is not that of the certificate');
  const roots =
    rootsPem.trim() === '' ? [chain.at(-1) ?? issuer] : fromPem('CERTIFICATE', rootsPem).map(readCertificate);
  for (const each of [...chain, ...roots]) checkCa(each, atMs);
  if (issuer.pathLength === 0) refuse('its path length is 0: it may not certify another authority');
  checkChain(chain, roots);
  return { chain, roots, key };
}

function checkCa(certificate: Certificate, atMs: number): void {
  const name = `certificate ${certificate.serial}`;
  if (!certificate.isCa || certificate.keyUsage?.has('keyCertSign') !== true) refuse(`${name} is not a CA`);
  if (certificate.notAfterAt <= atMs) refuse(`${name} expired at ${new Date(certificate.notAfterAt).toISOString()}`);
  if (certificate.notBeforeAt > atMs)
    refuse(`${name} is valid only from ${new Date(certificate.notBeforeAt).toISOString()}`);
}

/** Each certificate must be signed by the next, and the last by a root, or be one. */
function checkChain(chain: readonly Certificate[], roots: readonly Certificate[]): void {
  for (const [index, each] of chain.entries()) {
    const above = chain[index + 1];
    const signers = above ? [above] : [...roots, each];
    const isSigned = signers.some(
      (signer) => Buffer.compare(each.issuer, signer.subject) === 0 && isSignedBy(each, signer.spki),
    );
    if (!isSigned)
      refuse(`certificate ${each.serial} is not signed by ${above ? 'the next in the file' : 'any of the roots'}`);
  }
  const last = chain.at(-1);
  const isAnchored = roots.some(
    (root) => last && (Buffer.compare(root.der, last.der) === 0 || isSignedBy(last, root.spki)),
  );
  if (!isAnchored) refuse('its chain does not lead to a root; give the roots as well');
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (thrown) {
    return refuse('the key file holds no private key in PEM that is not encrypted', thrown);
  }
}

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
