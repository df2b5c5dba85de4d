/**
 * Verifies what was signed before it leaves: the API server compares key and times and nothing else, and what it has taken is final.
 * @module
 */
import type { Bundle } from '../../../spiffe/bundle.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { certificatesToPem } from '../../pki/pem.ts';
import { verifySvidChain } from '../../pki/svid-chain.ts';
import { problemOfTimes } from './validity.ts';

/** What was asked for, and of whom it is believed. */
export interface Wanted {
  readonly spiffeId: SpiffeId;
  readonly spki: Uint8Array;
  readonly maxLifeMs: number;
  /** What pods mount as roots now. */
  readonly published: Bundle;
  readonly nowMs: number;
}

const MOST_CHAIN_BYTES = 100 * 1024;

/** Why a chain must not leave; undefined: it may. */
export function problemOfIssued(chain: readonly Uint8Array[], wanted: Wanted): string | undefined {
  const verified = verifySvidChain(chain, wanted.published, wanted.nowMs);
  if (!verified.ok) return `${verified.problem}: ${verified.detail}`;
  const { leaf, spiffeId } = verified;
  if (spiffeId !== wanted.spiffeId) return `it is ${spiffeId}'s`;
  if (Buffer.compare(leaf.spki, wanted.spki) !== 0) return 'its key is not the one that was asked for';
  if (Buffer.byteLength(certificatesToPem(chain)) > MOST_CHAIN_BYTES)
    return 'its chain is longer than the API server takes';
  return problemOfTimes(leaf, wanted.maxLifeMs, wanted.nowMs);
}
