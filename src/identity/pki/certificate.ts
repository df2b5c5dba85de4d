/**
 * Reads an X.509 certificate into the fields that identity and policy need.
 * In: DER from a peer, a file or the ledger. Out: an immutable value; nothing is trusted yet.
 * @module
 */
import type { KeyUsageName } from '../../../certs/certificate-profile.ts';
import { contextTag, tag } from './der.ts';
import {
  DerReader,
  enterSequence,
  malformed,
  oidText,
  readBitString,
  readBoolean,
  readOid,
  readOnly,
  readTime,
  readUnsigned,
} from './der-reader.ts';
import { keyUsageBit } from './extensions.ts';
import { oid } from './oids.ts';

/** Subject alternative names, in the order in which they stand; text as in the certificate, addresses as bytes. */
interface AlternativeNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  readonly addresses: readonly Uint8Array[];
  /** How many names of other kinds there are. */
  readonly others: number;
}

/** The fields of a certificate that identity work reads (RFC 5280 §4.1). */
export interface Certificate {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  /** Lower-case hex, no leading zero byte. */
  readonly serial: string;
  /** Names as DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly subjectIsEmpty: boolean;
  /** Milliseconds since 1970. */
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  readonly spki: Uint8Array;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** Undefined when the extension is absent. */
  readonly keyUsage: ReadonlySet<KeyUsageName> | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly names: AlternativeNames;
  /** Lower-case hex. */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  /** It has name constraints, critical or not; they are not read. */
  readonly isNameConstrained: boolean;
  /** Dotted identifiers of the extensions that are critical. */
  readonly criticalExtensions: readonly string[];
  /** Critical extensions that this reader does not know: whoever validates must refuse (RFC 5280 §4.2). */
  readonly unknownCritical: readonly string[];
}

const MAX_BYTES = 64 * 1024;

interface Extensions {
  basic: { isCa: boolean; pathLength: number | undefined };
  keyUsage: ReadonlySet<KeyUsageName> | undefined;
  extendedKeyUsage: readonly string[] | undefined;
  names: AlternativeNames;
  subjectKeyId: string | undefined;
  authorityKeyId: string | undefined;
  isNameConstrained: boolean;
  criticalExtensions: string[];
  unknownCritical: string[];
}

/**
 * Reads one DER certificate, at most 64 KiB.
 *
 * @throws GatehouseError `certificate_invalid`, `details.reason` says what is malformed
 * @see RFC 5280 §4.1
 */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_BYTES) malformed(`it is longer than ${MAX_BYTES} bytes`);
  const outer = new DerReader(readOnly(der, tag.sequence).content);
  const tbs = outer.read(tag.sequence);
  const outerAlgorithm = outer.read(tag.sequence);
  const signature = readBitString(outer);
  outer.end();

  const body = new DerReader(tbs.content);
  const version = body.readIf(contextTag(0, true));
  if (!version || readUnsigned(new DerReader(version.content)) !== '02') malformed('it is not of version 3');
  const serial = readUnsigned(body);
  if (serial.length > 40) malformed('its serial number is longer than 20 bytes');
  const innerAlgorithm = body.read(tag.sequence);
  if (Buffer.compare(innerAlgorithm.encoded, outerAlgorithm.encoded) !== 0)
    malformed('it names two signature algorithms');
  const issuer = body.read(tag.sequence).encoded;
  const validity = enterSequence(body);
  const notBeforeAt = readTime(validity);
  const notAfterAt = readTime(validity);
  validity.end();
  const subject = body.read(tag.sequence);
  const spki = body.read(tag.sequence).encoded;
  body.readIf(contextTag(1, false));
  body.readIf(contextTag(2, false));
  const wrapped = body.readIf(contextTag(3, true));
  body.end();
  const extensions = readExtensions(wrapped?.content);
  return {
    der,
    tbs: tbs.encoded,
    signatureAlgorithm: readOid(new DerReader(innerAlgorithm.content)),
    signature,
    serial,
    issuer,
    subject: subject.encoded,
    subjectIsEmpty: subject.content.length === 0,
    notBeforeAt,
    notAfterAt,
    spki,
    isCa: extensions.basic.isCa,
    pathLength: extensions.basic.pathLength,
    keyUsage: extensions.keyUsage,
    extendedKeyUsage: extensions.extendedKeyUsage,
    names: extensions.names,
    subjectKeyId: extensions.subjectKeyId,
    authorityKeyId: extensions.authorityKeyId,
    isNameConstrained: extensions.isNameConstrained,
    criticalExtensions: extensions.criticalExtensions,
    unknownCritical: extensions.unknownCritical,
  };
}

const NO_NAMES: AlternativeNames = { uris: [], dnsNames: [], emails: [], addresses: [], others: 0 };

const readers: ReadonlyMap<string, (into: Extensions, value: Uint8Array) => void> = new Map(
  Object.entries<(into: Extensions, value: Uint8Array) => void>({
    [oid.basicConstraints]: (into, value) => {
      into.basic = readBasicConstraints(value);
    },
    [oid.keyUsage]: (into, value) => {
      into.keyUsage = readKeyUsage(value);
    },
    [oid.extendedKeyUsage]: (into, value) => {
      into.extendedKeyUsage = readOids(value);
    },
    [oid.subjectAltName]: (into, value) => {
      into.names = readNames(value);
    },
    [oid.subjectKeyIdentifier]: (into, value) => {
      into.subjectKeyId = Buffer.from(readOnly(value, tag.octetString).content).toString('hex');
    },
    [oid.authorityKeyIdentifier]: (into, value) => {
      const keyId = new DerReader(readOnly(value, tag.sequence).content).readIf(contextTag(0, false));
      into.authorityKeyId = keyId && Buffer.from(keyId.content).toString('hex');
    },
  }),
);

function readExtensions(wrapped: Uint8Array | undefined): Extensions {
  const into: Extensions = {
    basic: { isCa: false, pathLength: undefined },
    keyUsage: undefined,
    extendedKeyUsage: undefined,
    names: NO_NAMES,
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    isNameConstrained: false,
    criticalExtensions: [],
    unknownCritical: [],
  };
  if (!wrapped) return into;
  const seen = new Set<string>();
  const list = new DerReader(readOnly(wrapped, tag.sequence).content);
  while (!list.done) {
    const extension = enterSequence(list);
    const id = readOid(extension);
    if (seen.has(id)) malformed(`extension ${id} stands twice`);
    seen.add(id);
    const critical = extension.nextTag === tag.boolean && readBoolean(extension);
    const value = extension.read(tag.octetString).content;
    extension.end();
    if (critical) into.criticalExtensions.push(id);
    if (id === oid.nameConstraints) into.isNameConstrained = true;
    const reader = readers.get(id);
    if (reader) reader(into, value);
    else if (critical) into.unknownCritical.push(id);
  }
  return into;
}

function readBasicConstraints(value: Uint8Array): Extensions['basic'] {
  const body = new DerReader(readOnly(value, tag.sequence).content);
  const isCa = body.nextTag === tag.boolean && readBoolean(body);
  const pathLength = body.done ? undefined : Number.parseInt(readUnsigned(body), 16);
  body.end();
  return { isCa, pathLength };
}

function readKeyUsage(value: Uint8Array): ReadonlySet<KeyUsageName> {
  const { content } = readOnly(value, tag.bitString);
  const bits = content[1] ?? 0;
  const usages = new Set<KeyUsageName>();
  for (const [usage, position] of Object.entries(keyUsageBit)) {
    if (bits & (0x80 >> position)) usages.add(usage as KeyUsageName); // keys of that very table
  }
  return usages;
}

function readOids(value: Uint8Array): readonly string[] {
  const out: string[] = [];
  const list = new DerReader(readOnly(value, tag.sequence).content);
  while (!list.done) out.push(oidText(list.read(tag.oid).content));
  return out;
}

function readNames(value: Uint8Array): AlternativeNames {
  const names = {
    uris: [] as string[],
    dnsNames: [] as string[],
    emails: [] as string[],
    addresses: [] as Uint8Array[],
  };
  let others = 0;
  const list = new DerReader(readOnly(value, tag.sequence).content);
  while (!list.done) {
    const { tag: kind, content } = list.read();
    if (kind === contextTag(6, false)) names.uris.push(Buffer.from(content).toString('latin1'));
    else if (kind === contextTag(2, false)) names.dnsNames.push(Buffer.from(content).toString('latin1'));
    else if (kind === contextTag(1, false)) names.emails.push(Buffer.from(content).toString('latin1'));
    else if (kind === contextTag(7, false)) names.addresses.push(content);
    else others += 1;
  }
  return { ...names, others };
}
