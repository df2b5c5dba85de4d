/**
 * A client's certificate in every form in which a proxy tells it: one decoder for all of them, which finds exactly one certificate with
 * exactly one URI SAN, or says what is wrong.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { readCertificate } from '../../identity/pki/certificate.ts';
import { fromPem, toPem } from '../../identity/pki/pem.ts';

/** A client's certificate as Envoy would send it. */
export interface ToldCertificate {
  /** URL-encoded PEM. */
  readonly escapedPem: string;
  /** Its URI SAN. */
  readonly uri: string;
}

/** One that was understood, or what is wrong with it. */
export type CertificateReading = ToldCertificate | { readonly wrong: string };

/** Larger ones are no SVIDs. */
const LONGEST = 32_768;
const KEPT = 1_024;
const LATEST = 8;

/** Creates the decoder, with a bounded memory of what equal texts came to. */
export function createCertificateReader(): (text: string) => CertificateReading {
  const known = new Map<string, CertificateReading>();
  /** Equal texts are found faster than their hash. */
  const latest: { text: string; reading: CertificateReading }[] = [];
  let next = 0;
  return (text) => {
    for (const each of latest) if (each.text === text) return each.reading;
    let reading = known.get(text);
    if (reading === undefined) {
      reading = readForm(text);
      if (known.size >= KEPT) known.delete(known.keys().next().value ?? '');
      known.set(text, reading);
    }
    latest[next] = { text, reading };
    next = (next + 1) % LATEST;
    return reading;
  };
}

function readForm(text: string): CertificateReading {
  if (text.length > LONGEST) return { wrong: 'the certificate is too long' };
  try {
    const [der, ...others] = derOf(text);
    if (der === undefined || others.length > 0) return { wrong: 'it is not exactly one certificate' };
    const { uris } = readCertificate(der).names;
    const [uri] = uris;
    if (uri === undefined || uris.length > 1)
      return { wrong: `the certificate has ${uris.length} URI SANs, and not one` };
    return { escapedPem: encodeURIComponent(toPem('CERTIFICATE', der)), uri };
  } catch (thrown) {
    if (thrown instanceof GatehouseError || thrown instanceof URIError)
      return { wrong: 'the certificate cannot be read' };
    throw thrown;
  }
}

/**
 * The certificates of a text: PEM with newlines, spaces or percent-escapes, base64 of DER, or one element of XFCC with its `Cert`.
 *
 * @throws GatehouseError `certificate_invalid`; URIError for an escape that is none
 */
function derOf(text: string): readonly Uint8Array[] {
  if (text.startsWith('-----BEGIN')) return pemOf(text);
  const cert = /[=;]/.test(text.slice(0, 64)) ? certOfXfcc(text) : undefined;
  if (cert !== undefined) return pemOf(cert);
  const der = Buffer.from(text, 'base64');
  if (der.length === 0 || der.toString('base64') !== text) return [];
  return [der];
}

function pemOf(text: string): readonly Uint8Array[] {
  const pem = text.includes('%') ? decodeURIComponent(text) : text;
  if (!/^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/.test(pem)) return [];
  return fromPem('CERTIFICATE', pem);
}

const XFCC_PAIR = /(?:^|;)([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)/y;

/** The `Cert` of the only element; several elements, or several of them, are undefined. */
function certOfXfcc(text: string): string | undefined {
  const certs: string[] = [];
  XFCC_PAIR.lastIndex = 0;
  while (XFCC_PAIR.lastIndex < text.length) {
    const pair = XFCC_PAIR.exec(text);
    if (pair === null) return undefined;
    if (pair[1] === 'Cert') certs.push(pair[2]!.replace(/^"|"$/g, ''));
  }
  return certs.length === 1 ? certs[0] : undefined;
}
