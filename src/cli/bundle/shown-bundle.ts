/**
 * A trust bundle as it is shown.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import { certificatesToPem } from '../../identity/pki/pem.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import { bundleToJwks } from '../../spiffe/bundle-jwks.ts';

/** The bundles of one trust domain, or all. @throws GatehouseError `not_found` naming those that there are */
export function chooseBundles(all: readonly Bundle[], trustDomain: string | undefined): readonly Bundle[] {
  if (trustDomain === undefined) return all;
  const found = all.filter((each) => each.trustDomain === trustDomain);
  if (found.length > 0) return found;
  const known = all.map((each) => each.trustDomain).join(', ');
  throw new GatehouseError('not_found', `there is no bundle of ${trustDomain}; there are those of ${known}`, { known });
}

/** As PEM or as a JWK Set. @throws GatehouseError `message_invalid` for several: trust domains are never merged */
export function oneText(all: readonly Bundle[], format: 'pem' | 'jwks' | 'spiffe'): string {
  const [bundle, ...more] = all;
  if (bundle === undefined) throw new GatehouseError('not_found', 'there is no bundle');
  if (more.length > 0)
    throw new GatehouseError(
      'message_invalid',
      `bundles are never merged: choose one by --trust-domain: ${all.map((each) => each.trustDomain).join(', ')}`,
    );
  return format === 'pem' ? certificatesToPem(bundle.x509Authorities) : jwksText(bundle);
}

/** In lines, unless a number in it is larger than JSON.parse reads. */
function jwksText(bundle: Bundle): string {
  const text = bundleToJwks(bundle);
  return typeof bundle.sequence === 'bigint' ? `${text}\n` : `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
}

/** What is told of it in JSON. */
export function shownBundle(bundle: Bundle) {
  return {
    trustDomain: bundle.trustDomain,
    /** Digits where JSON's numbers would not hold it. */
    sequence: typeof bundle.sequence === 'bigint' ? String(bundle.sequence) : bundle.sequence,
    refreshHintSeconds: bundle.refreshHintSeconds,
    x509Authorities: bundle.x509Authorities.map(shownAuthority),
    jwtAuthorities: bundle.jwtAuthorities.map(({ keyId, jwk }) => ({
      keyId,
      keyType: [jwk.kty, jwk.crv].filter(Boolean).join(' '),
    })),
    pem: certificatesToPem(bundle.x509Authorities),
  };
}

function shownAuthority(der: Uint8Array) {
  const certificate = new X509Certificate(der);
  const { asymmetricKeyType = '', asymmetricKeyDetails: details } = certificate.publicKey;
  return {
    subject: certificate.subject,
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    keyType: `${asymmetricKeyType} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim(),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}
