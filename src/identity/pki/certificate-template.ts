/**
 * Certificates by splicing: an authority's template is built once; each certificate is the template with serial, validity,
 * key and names put in, and a signature over it.
 * @module
 */
import { bitString, contextTag, element, objectIdentifier, positiveInteger, sequence, tag, time } from './der.ts';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  distinguishedName,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectAltNameExtension,
  subjectKeyIdExtension,
} from './extensions.ts';
import { keyIdentifier, type PublicKeyInfo } from './key-type.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

const VERSION_3 = element(contextTag(0, true), positiveInteger(Buffer.of(2)));
const EMPTY_NAME = sequence();

/** What every certificate must be told. */
interface CertificateTerms {
  /** Big-endian magnitude, 8 to 20 bytes. */
  readonly serial: Uint8Array;
  /** Milliseconds since 1970; cut to whole seconds. */
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  readonly key: PublicKeyInfo;
}

export interface LeafTerms extends CertificateTerms {
  readonly spiffeId: string;
  readonly dnsNames: readonly string[];
}

/** Makes to-be-signed leaf certificates of one authority. */
export interface LeafTemplate {
  /** TBSCertificate of an X.509-SVID, DER. */
  fill(terms: LeafTerms): Buffer;
}

/** AlgorithmIdentifier of a signature, DER. */
export function algorithmIdentifier(algorithm: SignatureAlgorithm): Buffer {
  const parameters = algorithm.nullParameters ? [element(tag.nullValue)] : [];
  return sequence(objectIdentifier(algorithm.oid), ...parameters);
}

/** Certificate or CertificateList: to-be-signed, algorithm, signature. */
export function assemble(tbs: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Buffer {
  return sequence(tbs, algorithmIdentifier(algorithm), bitString(signature));
}

/**
 * Builds the leaf template of an authority: empty Subject, critical SAN, KeyUsage and BasicConstraints, EKU for both sides,
 * SKI and AKI (X509-SVID §2, §4; RFC 5280 §4.2).
 *
 * @param issuer  the authority's Subject, DER
 * @param issuerKeyId  its subject key identifier
 */
export function createLeafTemplate(
  issuer: Uint8Array,
  issuerKeyId: Uint8Array,
  algorithm: SignatureAlgorithm,
): LeafTemplate {
  const algorithmAndIssuer = Buffer.concat([algorithmIdentifier(algorithm), issuer]);
  const constantExtensions = (family: PublicKeyInfo['family']): Buffer =>
    Buffer.concat([
      keyUsageExtension(['digitalSignature', family === 'rsa' ? 'keyEncipherment' : 'keyAgreement']),
      extendedKeyUsageExtension(),
      basicConstraintsExtension(false),
      authorityKeyIdExtension(issuerKeyId),
    ]);
  const extensionsOf = { ec: constantExtensions('ec'), rsa: constantExtensions('rsa') };
  return {
    fill: (terms) =>
      sequence(
        VERSION_3,
        positiveInteger(terms.serial),
        algorithmAndIssuer,
        sequence(time(terms.notBeforeAt), time(terms.notAfterAt)),
        EMPTY_NAME,
        terms.key.spki,
        element(
          contextTag(3, true),
          sequence(
            extensionsOf[terms.key.family],
            subjectKeyIdExtension(keyIdentifier(terms.key.spki)),
            subjectAltNameExtension(terms.spiffeId, terms.dnsNames, true),
          ),
        ),
      ),
  };
}

export interface AuthorityTerms extends CertificateTerms {
  /** The trust domain's own ID, without a path (X509-SVID §2). */
  readonly trustDomainId: string;
  readonly subject: Uint8Array;
  /** Who signs: itself, or an upstream authority. */
  readonly issuer: { readonly name: Uint8Array; readonly keyId: Uint8Array | undefined };
}

/** A Subject that no other authority has: the common name says what it is, the serial number which. */
export function authoritySubject(unique: string): Buffer {
  return distinguishedName('Gatehouse X.509 authority', unique);
}

/**
 * TBSCertificate of an authority that signs leaves only: cA, path length 0, keyCertSign and cRLSign, the trust domain's ID.
 * A self-signed one carries no AKI (RFC 5280 §4.2.1.1 allows it).
 */
export function authorityTbs(terms: AuthorityTerms, algorithm: SignatureAlgorithm): Buffer {
  return sequence(
    VERSION_3,
    positiveInteger(terms.serial),
    algorithmIdentifier(algorithm),
    terms.issuer.name,
    sequence(time(terms.notBeforeAt), time(terms.notAfterAt)),
    terms.subject,
    terms.key.spki,
    element(
      contextTag(3, true),
      sequence(
        basicConstraintsExtension({ pathLength: 0 }),
        keyUsageExtension(['keyCertSign', 'crlSign']),
        subjectKeyIdExtension(keyIdentifier(terms.key.spki)),
        ...(terms.issuer.keyId ? [authorityKeyIdExtension(terms.issuer.keyId)] : []),
        subjectAltNameExtension(terms.trustDomainId, [], false),
      ),
    ),
  );
}
