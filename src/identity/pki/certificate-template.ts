/**
 * Certificates by splicing: an authority's template is built once; each certificate is the template with serial, validity,
 * key and names put in, and a signature over it.
 * @module
 */
import type { CertificateProfile, ExtensionId, ExtensionProfile } from '../../../certs/certificate-profile.ts';
import { x509Svid } from '../../../certs/x509-svid.ts';
import { bitString, contextTag, element, objectIdentifier, positiveInteger, sequence, tag, time } from './der.ts';
import { distinguishedName, type ExtensionTerms, extensionOf } from './extensions.ts';
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

/** What an X.509-SVID says (X509-SVID §4). */
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

/** Extensions that are alike in all leaves of one authority and one family of keys. */
const CONSTANT: ReadonlySet<ExtensionId> = new Set([
  'basicConstraints',
  'keyUsage',
  'extendedKeyUsage',
  'authorityKeyIdentifier',
]);

const extensions = (profiles: readonly ExtensionProfile[], terms: ExtensionTerms): Buffer =>
  Buffer.concat(profiles.map((each) => extensionOf(each, terms)));

/**
 * Builds the leaf template of an authority by the profile `certs/x509-svid.ts`. What is alike in all leaves is written once.
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
  const constant = x509Svid.extensions.filter(({ id }) => CONSTANT.has(id));
  const ofEachLeaf = x509Svid.extensions.filter(({ id }) => !CONSTANT.has(id));
  const written = {
    ec: extensions(constant, { family: 'ec', issuerKeyId }),
    rsa: extensions(constant, { family: 'rsa', issuerKeyId }),
  };
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
            written[terms.key.family],
            extensions(ofEachLeaf, {
              subjectKeyId: keyIdentifier(terms.key.spki),
              uri: terms.spiffeId,
              dnsNames: terms.dnsNames,
            }),
          ),
        ),
      ),
  };
}

/** What the certificate of a signing authority says (X509-SVID §3.2, §4.1). */
export interface AuthorityTerms extends CertificateTerms {
  /** The trust domain's own ID, without a path (X509-SVID §2). */
  readonly trustDomainId: string;
  readonly subject: Uint8Array;
  /** Who signs: itself, or an upstream authority. */
  readonly issuer: { readonly name: Uint8Array; readonly keyId: Uint8Array | undefined };
}

/** The profile of a CA, which always has a common name. */
export type AuthorityProfile = CertificateProfile & { readonly subject: { readonly commonName: string } };

/** A Subject that no other authority has: the common name says what it is, the serial number which. */
export function authoritySubject(profile: AuthorityProfile, unique: string): Buffer {
  return distinguishedName(profile.subject.commonName, unique);
}

/** TBSCertificate of an authority by a profile of `certs/`. */
export function authorityTbs(profile: AuthorityProfile, terms: AuthorityTerms, algorithm: SignatureAlgorithm): Buffer {
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
        extensions(profile.extensions, {
          family: terms.key.family,
          subjectKeyId: keyIdentifier(terms.key.spki),
          issuerKeyId: terms.issuer.keyId,
          uri: terms.trustDomainId,
        }),
      ),
    ),
  );
}
