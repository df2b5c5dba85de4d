/**
 * Builds to-be-signed certificate revocation lists.
 * @module
 */
import { crl } from '../../../certs/crl.ts';
import { algorithmIdentifier } from './certificate-template.ts';
import { contextTag, element, positiveInteger, sequence, time } from './der.ts';
import { extensionOf } from './extensions.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

/** What a CRL says (RFC 5280 §5.1, §5.2). */
export interface CrlTerms {
  /** The authority's Subject, DER, and its subject key identifier. */
  readonly issuer: Uint8Array;
  readonly issuerKeyId: Uint8Array;
  /** Rises with every list (RFC 5280 §5.2.3). */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly thisUpdateAt: number;
  readonly nextUpdateAt: number;
  /** Serial as hex, revoked at milliseconds since 1970. */
  readonly revoked: readonly { readonly serial: string; readonly revokedAt: number }[];
}

/** TBSCertList by the profile `certs/crl.ts`, DER; the list of revoked ones is left out when there are none (RFC 5280 §5.1.2.6). */
export function crlTbs(terms: CrlTerms, algorithm: SignatureAlgorithm): Buffer {
  const entries = terms.revoked.map(({ serial, revokedAt }) =>
    sequence(positiveInteger(Buffer.from(serial, 'hex')), time(revokedAt)),
  );
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(terms.number));
  return sequence(
    positiveInteger(Buffer.of(1)),
    algorithmIdentifier(algorithm),
    terms.issuer,
    time(terms.thisUpdateAt),
    time(terms.nextUpdateAt),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    element(
      contextTag(0, true),
      sequence(
        ...crl.extensions.map((each) =>
          extensionOf(each, { issuerKeyId: terms.issuerKeyId, crlNumber: positiveInteger(number) }),
        ),
      ),
    ),
  );
}
