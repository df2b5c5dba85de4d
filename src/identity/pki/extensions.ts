/**
 * The certificate extensions that Gatehouse writes, each as DER.
 * @module
 */
import type { ExtensionProfile, KeyUsageName } from '../../../certs/certificate-profile.ts';
import { contextTag, element, objectIdentifier, positiveInteger, sequence, tag } from './der.ts';
import { oid } from './oids.ts';

function extension(dotted: string, critical: boolean, value: Uint8Array): Buffer {
  const flag = critical ? [element(tag.boolean, Buffer.of(0xff))] : [];
  return sequence(objectIdentifier(dotted), ...flag, element(tag.octetString, value));
}

/** Bits of KeyUsage, by position (RFC 5280 §4.2.1.3). */
export const keyUsageBit = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyAgreement: 4,
  keyCertSign: 5,
  crlSign: 6,
} as const satisfies Record<KeyUsageName, number>;

/** What the extensions of one certificate or list say, beyond its profile; what no profile of it asks for may be left out. */
export interface ExtensionTerms {
  /** Family of the certified key. */
  readonly family?: 'ec' | 'rsa';
  readonly subjectKeyId?: Uint8Array;
  /** Undefined: the extension is left out, as in a self-signed certificate. */
  readonly issuerKeyId?: Uint8Array | undefined;
  /** A SPIFFE ID, ASCII. */
  readonly uri?: string;
  readonly dnsNames?: readonly string[];
  /** INTEGER, DER. */
  readonly crlNumber?: Uint8Array;
}

/**
 * Writes the extension of a profile.
 *
 * @returns DER; empty where the terms have nothing to say
 * @throws TypeError if the terms lack what the profile asks for: a fault of the caller
 */
export function extensionOf(profile: ExtensionProfile, terms: ExtensionTerms): Buffer {
  const { critical } = profile;
  switch (profile.id) {
    case 'basicConstraints':
      return basicConstraintsExtension(critical, profile.ca);
    case 'keyUsage':
      return keyUsageExtension(critical, profile.usages[given(terms.family)]);
    case 'extendedKeyUsage':
      return extendedKeyUsageExtension(critical, profile.purposes);
    case 'subjectKeyIdentifier':
      return extension(oid.subjectKeyIdentifier, critical, element(tag.octetString, given(terms.subjectKeyId)));
    case 'authorityKeyIdentifier':
      return terms.issuerKeyId === undefined ? NOTHING : authorityKeyIdExtension(critical, terms.issuerKeyId);
    case 'subjectAltName':
      return subjectAltNameExtension(critical, given(terms.uri), profile.dnsNames ? given(terms.dnsNames) : []);
    case 'crlNumber':
      return extension(oid.crlNumber, critical, given(terms.crlNumber));
  }
}

const NOTHING = Buffer.alloc(0);

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a profile asks for what the terms do not say');
  return value;
}

/** KeyUsage; trailing zero bits are dropped (X.690 §11.2.2). */
function keyUsageExtension(critical: boolean, usages: readonly KeyUsageName[]): Buffer {
  let bits = 0;
  for (const usage of usages) bits |= 0x80 >> keyUsageBit[usage];
  const unused = Math.clz32(bits & -bits) === 32 ? 0 : 31 - Math.clz32(bits & -bits);
  return extension(oid.keyUsage, critical, element(tag.bitString, Buffer.of(unused, bits)));
}

function extendedKeyUsageExtension(critical: boolean, purposes: readonly ('serverAuth' | 'clientAuth')[]): Buffer {
  return extension(oid.extendedKeyUsage, critical, sequence(...purposes.map((each) => objectIdentifier(oid[each]))));
}

/** BasicConstraints. A leaf has an empty sequence, since cA=false is the default (X.690 §11.5). */
function basicConstraintsExtension(critical: boolean, ca: false | { readonly pathLength: number }): Buffer {
  const value =
    ca === false
      ? sequence()
      : sequence(element(tag.boolean, Buffer.of(0xff)), positiveInteger(Buffer.of(ca.pathLength)));
  return extension(oid.basicConstraints, critical, value);
}

function authorityKeyIdExtension(critical: boolean, keyId: Uint8Array): Buffer {
  return extension(oid.authorityKeyIdentifier, critical, sequence(element(contextTag(0, false), keyId)));
}

/** SubjectAltName: one URI, then DNS names. */
function subjectAltNameExtension(critical: boolean, uri: string, dnsNames: readonly string[]): Buffer {
  const names = [
    element(contextTag(6, false), Buffer.from(uri, 'latin1')),
    ...dnsNames.map((name) => element(contextTag(2, false), Buffer.from(name, 'latin1'))),
  ];
  return extension(oid.subjectAltName, critical, sequence(...names));
}

/** A Name with a common name and a serial number, which makes it unique; both printable. */
export function distinguishedName(commonName: string, serialNumber: string): Buffer {
  const attribute = (dotted: string, value: string): Buffer =>
    element(tag.set, sequence(objectIdentifier(dotted), element(tag.printableString, Buffer.from(value, 'latin1'))));
  return sequence(attribute(oid.commonName, commonName), attribute(oid.serialNumber, serialNumber));
}
