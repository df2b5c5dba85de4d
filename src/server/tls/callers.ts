/**
 * Who is at the other end of a TLS connection of ours, by the certificate that he proved.
 * @module
 */
import { createHash } from 'node:crypto';
import { isRevoked } from '../../authz/guards.ts';
import type { Revocations } from '../../authz/state.ts';
import { GatehouseError } from '../../errors.ts';
import { readCertificate } from '../../identity/pki/certificate.ts';
import { type SpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { checkLeaf } from '../../spiffe/x509-svid-rules.ts';

/** The holder of an SVID of our trust domain. */
export interface CallerSvid {
  readonly spiffeId: SpiffeId;
  /** Lower-case hex. */
  readonly serial: string;
  /** Lower-case hex SHA-256 of the subject public key info. */
  readonly spki: string;
}

/**
 * Reads a certificate whose chain TLS has verified against our own authorities.
 *
 * @param trustDomain  ours: an authority above ours may certify others too
 * @returns undefined when it is no SVID of ours
 */
export function callerSvidOf(certificate: Uint8Array, trustDomain: TrustDomain): CallerSvid | undefined {
  try {
    const leaf = readCertificate(certificate);
    const verdict = checkLeaf(leaf);
    if (!verdict.ok || leaf.unknownCritical.length > 0 || trustDomainOf(verdict.spiffeId) !== trustDomain)
      return undefined;
    return {
      spiffeId: verdict.spiffeId,
      serial: leaf.serial,
      spki: createHash('sha256').update(leaf.spki).digest('hex'),
    };
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return undefined;
    throw thrown;
  }
}

/** Tells who calls; undefined for whoever has no SVID of ours, or one that was revoked. */
export type IdentifyCaller = (certificate: Uint8Array | undefined) => SpiffeId | undefined;

/** Creates it. @param revocations  those in force; undefined while none are known, which trusts nobody */
export function createIdentifyCaller(
  trustDomain: TrustDomain,
  revocations: () => Revocations | undefined,
): IdentifyCaller {
  return (certificate) => {
    const caller = certificate && callerSvidOf(certificate, trustDomain);
    const revoked = revocations();
    if (caller === undefined || revoked === undefined || isRevoked(revoked, [caller.spiffeId], caller))
      return undefined;
    return caller.spiffeId;
  };
}
