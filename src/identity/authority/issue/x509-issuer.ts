/**
 * Signs X.509-SVIDs with one authority.
 * @module
 */
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import type { X509Svid } from '../../../spiffe/svid.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { assemble, createLeafTemplate } from '../../pki/certificate-template.ts';
import type { PublicKeyInfo } from '../../pki/key-type.ts';
import { randomSerial } from '../../pki/serial.ts';
import type { Signer } from '../keys/signer.ts';
import { BACKDATE_MS } from '../rotate/schedule.ts';
import type { AuthorityRecord } from '../store/state.ts';
import { algorithmOf } from './authority-certificate.ts';
import { checkSoundLife } from './sound-life.ts';

/** Signs X.509-SVIDs with one authority (X509-SVID §4). */
export interface X509Issuer {
  readonly authority: AuthorityRecord;
  readonly signer: Signer;
  /** Signs one; never outlives the authority. `pkcs8` is passed through. */
  sign(terms: X509Terms): Promise<X509Svid>;
}

interface X509Terms {
  readonly spiffeId: SpiffeId;
  readonly dnsNames: readonly string[];
  readonly key: PublicKeyInfo & { readonly pkcs8?: Uint8Array };
  readonly ttlMs: number;
  readonly atMs: number;
  /** Absent: what is usual. */
  readonly backdateMs?: number;
}

const wholeSeconds = (atMs: number): number => Math.floor(atMs / 1000) * 1000;

/**
 * Creates the issuer of an X.509 authority: its template is built here, once.
 *
 * @param usualBackdateMs  how long before its signing an SVID begins, but never before the authority
 */
export function createX509Issuer(
  authority: AuthorityRecord,
  signer: Signer,
  usualBackdateMs = BACKDATE_MS,
): X509Issuer {
  const own = readCertificate(Buffer.from(authority.certificate ?? '', 'base64'));
  const algorithm = algorithmOf(signer);
  const template = createLeafTemplate(own.subject, Buffer.from(signer.keyId, 'hex'), algorithm);
  // A self-signed authority is a root, which is in the bundle and never in a chain.
  const intermediates = authority.roots.includes(authority.certificate ?? '')
    ? []
    : [own.der, ...authority.chain.map((each) => Buffer.from(each, 'base64'))];
  return {
    authority,
    signer,
    async sign({ spiffeId, dnsNames, key, ttlMs, atMs, backdateMs = usualBackdateMs }) {
      const serial = randomSerial(atMs);
      const notBeforeAt = Math.max(wholeSeconds(atMs - backdateMs), authority.notBeforeAt);
      const notAfterAt = Math.min(wholeSeconds(atMs + ttlMs), authority.notAfterAt);
      checkSoundLife({ notBeforeAt, notAfterAt }, authority, atMs);
      const tbs = template.fill({ serial, notBeforeAt, notAfterAt, key, spiffeId, dnsNames });
      const leaf = assemble(tbs, algorithm, await signer.sign(tbs, algorithm.digest));
      return {
        spiffeId,
        chain: [leaf, ...intermediates],
        privateKey: key.pkcs8,
        serial: serial.toString('hex'),
        notBeforeAt,
        notAfterAt,
        authorityId: authority.id,
      };
    },
  };
}
