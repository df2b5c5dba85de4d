/**
 * PEM: the armour around DER (RFC 7468).
 * @module
 */
import { GatehouseError } from '../../errors.ts';

/** PEM text of one DER value, with a newline at the end. `label` is e.g. `CERTIFICATE`. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** PEM text of certificates, in order. */
export function certificatesToPem(chain: readonly Uint8Array[]): string {
  return chain.map((der) => toPem('CERTIFICATE', der)).join('');
}

/** PEM text of certificate revocation lists, in order. */
export function crlsToPem(crls: readonly Uint8Array[]): string {
  return crls.map((der) => toPem('X509 CRL', der)).join('');
}

/**
 * Reads every block of `label` in `text`, in order; text between blocks and blocks of other labels are skipped.
 *
 * @throws GatehouseError `certificate_invalid` when there is none, or when one is cut short or no base64
 */
export function fromPem(label: string, text: string): Buffer[] {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const blocks: Buffer[] = [];
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + begin.length)) {
    const stop = text.indexOf(end, at);
    if (stop < 0) throw new GatehouseError('certificate_invalid', `PEM block ${label} has no END line`, { label });
    blocks.push(decode(label, text.slice(at + begin.length, stop)));
  }
  if (blocks.length === 0) throw new GatehouseError('certificate_invalid', `there is no PEM block ${label}`, { label });
  return blocks;
}

function decode(label: string, body: string): Buffer {
  const base64 = body.replace(/\s+/g, '');
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw new GatehouseError('certificate_invalid', `PEM block ${label} is not base64`, { label });
  }
  return Buffer.from(base64, 'base64');
}
