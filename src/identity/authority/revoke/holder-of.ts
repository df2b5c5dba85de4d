/**
 * Whose certificate it is, also when no bundle vouches for it any more: only an authority of ours can have signed it.
 * @module
 */
import { createHash } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { type SpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';
import { checkLeaf } from '../../../spiffe/x509-svid-rules.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { isSignedBy } from '../../pki/svid-chain.ts';
import type { CurrentState } from '../store/current-state.ts';
import type { AuthorityRecord } from '../store/state.ts';
import type { RevocationKind } from '../store/store.ts';

export interface HolderDeps {
  readonly current: CurrentState;
  readonly clock: Clock;
  readonly isRevoked: (kind: RevocationKind, value: string) => boolean;
}

/**
 * Finds the holder of an SVID that an authority of ours signed, whatever slot that has now. A stranger's certificate has none, nor
 * has one that is not valid now or was revoked: what its holder meets says nothing of our renewals.
 *
 * @param der  what a peer showed
 */
export function holderOf(der: Uint8Array, { current, clock, isRevoked }: HolderDeps): SpiffeId | undefined {
  const leaf = read(der);
  const verdict = leaf && checkLeaf(leaf);
  if (leaf === undefined || verdict?.ok !== true) return undefined;
  const now = clock.now();
  if (trustDomainOf(verdict.spiffeId) !== current.state.trustDomain) return undefined;
  if (now < leaf.notBeforeAt || now > leaf.notAfterAt) return undefined;
  const spki = createHash('sha256').update(leaf.spki).digest('hex');
  if (isRevoked('id', verdict.spiffeId) || isRevoked('serial', leaf.serial) || isRevoked('spki', spki))
    return undefined;
  return current.state.authorities.some((each) => hasSigned(each, leaf)) ? verdict.spiffeId : undefined;
}

function read(der: Uint8Array): Certificate | undefined {
  try {
    return readCertificate(der);
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return undefined;
    throw thrown;
  }
}

/** Issuers are found by name, which costs nothing, before a signature is looked at. */
function hasSigned({ certificate }: AuthorityRecord, leaf: Certificate): boolean {
  const issuer = certificate === undefined ? undefined : read(Buffer.from(certificate, 'base64'));
  return issuer !== undefined && Buffer.compare(issuer.subject, leaf.issuer) === 0 && isSignedBy(leaf, issuer.spki);
}
