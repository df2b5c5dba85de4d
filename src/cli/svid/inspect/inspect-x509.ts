/**
 * Looks into a chain of certificates.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import { type Certificate, readCertificate } from '../../../identity/pki/certificate.ts';
import { isSignedBy, verifySvidChain } from '../../../identity/pki/svid-chain.ts';
import { broken, type Deviation, unadvised } from '../../../spiffe/deviation.ts';
import { type SpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';
import { leafDeviations, signerDeviations, spiffeIdIn } from '../../../spiffe/x509-svid-deviations.ts';
import type { BundleFile } from './bundle-file.ts';
import { type CertificateReport, type PlacedDeviation, type Verification, validityOf } from './report.ts';

/** What is known of a chain. */
export interface ChainReport {
  readonly spiffeId: SpiffeId | undefined;
  readonly certificates: readonly CertificateReport[];
  readonly verification: Verification | null;
  readonly deviations: readonly PlacedDeviation[];
}

/**
 * Looks into a chain, leaf first.
 *
 * @param chain  DER, at least one
 * @param now  milliseconds since 1970
 * @throws GatehouseError `certificate_invalid` for what is no certificate at all
 */
export function inspectChain(chain: readonly Uint8Array[], bundle: BundleFile | undefined, now: number): ChainReport {
  const certificates = chain.map((der, i) => described(der, i, now));
  const read = chain.map(readOrWhy);
  const leaf = read[0] instanceof GatehouseError ? undefined : read[0];
  const spiffeId = leaf && spiffeIdIn(leaf);
  const deviations = read.flatMap((each, i) => {
    const found =
      each instanceof GatehouseError
        ? [broken('RFC 5280 §4.1', each.message)]
        : i === 0
          ? leafDeviations(each)
          : signerDeviations(each, spiffeId);
    return found.map((deviation) => ({ at: `certificate ${i + 1}`, ...deviation }));
  });
  const verification = bundle === undefined ? null : verified(chain, spiffeId, bundle, now);
  return { spiffeId, certificates, verification, deviations: [...deviations, ...orderDeviations(read)] };
}

function described(der: Uint8Array, position: number, now: number): CertificateReport {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (cause) {
    throw new GatehouseError('certificate_invalid', `certificate ${position + 1} is no certificate`, {}, { cause });
  }
  const read = readOrWhy(der);
  return {
    kind: certificate.ca ? 'signing' : 'leaf',
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    spiffeId: read instanceof GatehouseError ? null : (spiffeIdIn(read) ?? null),
    serial: certificate.serialNumber.toLowerCase(),
    ...validityOf(Date.parse(certificate.validFrom), Date.parse(certificate.validTo), now),
    keyType: keyTypeOf(certificate),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** An empty name is none for OpenSSL. */
const nameOf = (name: string | undefined): string => name?.replaceAll('\n', ', ') ?? '';

function keyTypeOf(certificate: X509Certificate): string {
  try {
    const { asymmetricKeyType = '', asymmetricKeyDetails: details } = certificate.publicKey;
    return `${asymmetricKeyType} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim();
  } catch {
    return 'unknown'; // a key that OpenSSL does not know
  }
}

function readOrWhy(der: Uint8Array): Certificate | GatehouseError {
  try {
    return readCertificate(der);
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return thrown;
    throw thrown;
  }
}

/** Each certificate is signed by the next (RFC 8446 §4.4.2 asks for it, RFC 5246 §7.4.2 demands it). */
function orderDeviations(chain: readonly (Certificate | GatehouseError)[]): PlacedDeviation[] {
  return chain.flatMap((each, i) => {
    const next = chain[i + 1];
    if (next === undefined || each instanceof GatehouseError || next instanceof GatehouseError) return [];
    if (Buffer.compare(each.issuer, next.subject) === 0 && isSignedBy(each, next.spki)) return [];
    const problem = `it did not sign certificate ${i + 1}, which stands before it`;
    return [{ at: `certificate ${i + 2}`, ...(unadvised('RFC 8446 §4.4.2', problem) satisfies Deviation) }];
  });
}

function verified(
  chain: readonly Uint8Array[],
  spiffeId: SpiffeId | undefined,
  { file, bundleOf }: BundleFile,
  now: number,
): Verification {
  if (spiffeId === undefined)
    return {
      file,
      verified: false,
      reason: 'there is no SPIFFE ID that says which trust domain it is of',
      until: null,
    };
  const outcome = verifySvidChain(chain, bundleOf(trustDomainOf(spiffeId)), now);
  return outcome.ok
    ? { file, verified: true, reason: null, until: new Date(outcome.untilAt).toISOString() }
    : { file, verified: false, reason: outcome.detail, until: null };
}
