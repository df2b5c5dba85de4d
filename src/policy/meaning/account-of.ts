/**
 * The service account that a principal names.
 * @module
 */
import type { ServiceAccountRef } from '../../spiffe/spiffe-id.ts';

/** Reads the service account that a principal names in the usual form, whatever its trust domain; undefined if it names none. */
export function accountOf(principal: string): ServiceAccountRef | undefined {
  const match = IDENTITY.exec(principal);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { namespace: match[1], serviceAccount: match[2] };
}

const IDENTITY = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;
