/**
 * The form of a profile: what stands in each certificate of a kind, and which standard asks for it.
 * @module
 */

/** Purposes of a key (RFC 5280 §4.2.1.3). */
export type KeyUsageName = 'digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign' | 'crlSign';

/** One extension; `see` names the sections that ask for it. */
export type ExtensionProfile = { readonly critical: boolean; readonly see: string } & (
  | { readonly id: 'basicConstraints'; readonly ca: false | { readonly pathLength: number } }
  /** By the family of the certified key: an RSA key enciphers, an EC key agrees. */
  | {
      readonly id: 'keyUsage';
      readonly usages: { readonly ec: readonly KeyUsageName[]; readonly rsa: readonly KeyUsageName[] };
    }
  | { readonly id: 'extendedKeyUsage'; readonly purposes: readonly ('serverAuth' | 'clientAuth')[] }
  /** SHA-1 of the public key (RFC 5280 §4.2.1.2, method 1). */
  | { readonly id: 'subjectKeyIdentifier' }
  /** The key identifier of the issuer, and nothing else. */
  | { readonly id: 'authorityKeyIdentifier' }
  /** One URI, and where `dnsNames` is true any number of DNS names after it. */
  | { readonly id: 'subjectAltName'; readonly dnsNames: boolean }
  | { readonly id: 'crlNumber' }
);

export type ExtensionId = ExtensionProfile['id'];

export interface CertificateProfile {
  /** For people. */
  readonly title: string;
  /** Undefined: an empty Subject, the identity stands in the SAN alone. Else with a serial number beside it that no other authority has. */
  readonly subject: { readonly commonName: string | undefined; readonly see: string };
  /** In the order in which they are written. */
  readonly extensions: readonly ExtensionProfile[];
}

/** A certificate revocation list has no subject of its own. */
export type CrlProfile = Pick<CertificateProfile, 'title' | 'extensions'>;
