/**
 * Writes a distinguished name as Envoy shows a certificate's subject: RFC 2253, last RDN first.
 * @module
 */
import { tag } from '../../identity/pki/der.ts';
import { DerReader, oidText, readOnly } from '../../identity/pki/der-reader.ts';

/** Attribute types that OpenSSL names; others are written as numbers with their value in hex. */
const shortNames = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'street'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'title'],
  ['2.5.4.42', 'GN'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);

/**
 * The text of a name, as a byte string.
 *
 * @param name  DER of a `Name`
 * @throws GatehouseError `certificate_invalid`
 */
export function distinguishedNameText(name: Uint8Array): string {
  const rdns = new DerReader(readOnly(name, tag.sequence).content);
  const out: string[] = [];
  while (!rdns.done) out.push(rdnText(rdns.read(tag.set).content));
  return out.reverse().join(',');
}

function rdnText(content: Uint8Array): string {
  const attributes = new DerReader(content);
  const out: string[] = [];
  while (!attributes.done) {
    const attribute = new DerReader(attributes.read(tag.sequence).content);
    const type = oidText(attribute.read(tag.oid).content);
    const value = attribute.read();
    const name = shortNames.get(type);
    out.push(
      name === undefined ? `${type}=#${hex(value.encoded)}` : `${name}=${escaped(toUtf8(value.tag, value.content))}`,
    );
  }
  return out.join('+');
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

const BMP_STRING = 0x1e;
const UNIVERSAL_STRING = 0x1c;
const LATIN1_STRING = 0x14;

/** The value as UTF-8 bytes, one character each. */
function toUtf8(stringTag: number, content: Uint8Array): string {
  const bytes = Buffer.from(content);
  if (stringTag === LATIN1_STRING) return Buffer.from(bytes.toString('latin1'), 'utf8').toString('latin1');
  if (stringTag !== BMP_STRING && stringTag !== UNIVERSAL_STRING) return bytes.toString('latin1');
  const width = stringTag === BMP_STRING ? 2 : 4;
  let text = '';
  for (let at = 0; at + width <= bytes.length; at += width)
    text += String.fromCodePoint(bytes.readUIntBE(at, width) % 0x110000);
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** RFC 2253 §2.4, control bytes and bytes over 0x7e as `\XX`. */
function escaped(value: string): string {
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!;
    const code = value.charCodeAt(i);
    const atEdge = (char === ' ' && (i === 0 || i === value.length - 1)) || (char === '#' && i === 0);
    if (code < 0x20 || code > 0x7e) out += `\\${code.toString(16).toUpperCase().padStart(2, '0')}`;
    else out += atEdge || ',+"\\<>;'.includes(char) ? `\\${char}` : char;
  }
  return out;
}
