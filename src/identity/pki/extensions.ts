/**
 * The certificate extensions that Gatehouse writes, each as DER.
 * @module
 */
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
} as const;

export type KeyUsage = keyof typeof keyUsageBit;

/** KeyUsage, always critical; trailing zero bits are dropped (X.690 §11.2.2). */
export function keyUsageExtension(usages: readonly KeyUsage[]): Buffer {
  let bits = 0;
  for (const usage of usages) bits |= 0x80 >> keyUsageBit[usage];
  const unused = Math.clz32(bits & -bits) === 32 ? 0 : 31 - Math.clz32(bits & -bits);
  return extension(oid.keyUsage, true, element(tag.bitString, Buffer.of(unused, bits)));
}

/** ExtendedKeyUsage with both serverAuth and clientAuth, not critical (X509-SVID §4.4). */
export function extendedKeyUsageExtension(): Buffer {
  return extension(
    oid.extendedKeyUsage,
    false,
    sequence(objectIdentifier(oid.serverAuth), objectIdentifier(oid.clientAuth)),
  );
}

/** BasicConstraints, critical. A leaf has an empty sequence, since cA=false is the default (X.690 §11.5). */
export function basicConstraintsExtension(ca: false | { readonly pathLength: number }): Buffer {
  const value =
    ca === false
      ? sequence()
      : sequence(element(tag.boolean, Buffer.of(0xff)), positiveInteger(Buffer.of(ca.pathLength)));
  return extension(oid.basicConstraints, true, value);
}

/** SubjectKeyIdentifier, not critical. */
export function subjectKeyIdExtension(keyId: Uint8Array): Buffer {
  return extension(oid.subjectKeyIdentifier, false, element(tag.octetString, keyId));
}

/** AuthorityKeyIdentifier with the key identifier alone, not critical. */
export function authorityKeyIdExtension(keyId: Uint8Array): Buffer {
  return extension(oid.authorityKeyIdentifier, false, sequence(element(contextTag(0, false), keyId)));
}

/**
 * SubjectAltName: one URI, then DNS names; critical where the Subject is empty (RFC 5280 §4.2.1.6).
 *
 * @param uri  a SPIFFE ID, ASCII
 * @param dnsNames  ASCII
 */
export function subjectAltNameExtension(uri: string, dnsNames: readonly string[], critical: boolean): Buffer {
  const names = [
    element(contextTag(6, false), Buffer.from(uri, 'latin1')),
    ...dnsNames.map((name) => element(contextTag(2, false), Buffer.from(name, 'latin1'))),
  ];
  return extension(oid.subjectAltName, critical, sequence(...names));
}

/** CRLNumber, not critical (RFC 5280 §5.2.3). */
export function crlNumberExtension(integer: Uint8Array): Buffer {
  return extension(oid.crlNumber, false, integer);
}

/** A Name with a common name and a serial number, which makes it unique; both printable. */
export function distinguishedName(commonName: string, serialNumber: string): Buffer {
  const attribute = (dotted: string, value: string): Buffer =>
    element(tag.set, sequence(objectIdentifier(dotted), element(tag.printableString, Buffer.from(value, 'latin1'))));
  return sequence(attribute(oid.commonName, commonName), attribute(oid.serialNumber, serialNumber));
}
