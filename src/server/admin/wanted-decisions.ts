/**
 * Which decisions somebody wants to see: by who asked, who was asked, and why it fell so.
 * @module
 */
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import type { DecisionRecord } from '../log/decision-record.ts';

/** What is looked at: as it is shown, which may be less than there is. */
export type WantedRecord = Pick<DecisionRecord, 'reason' | 'destination' | 'request'> & {
  readonly source?: Partial<NonNullable<DecisionRecord['source']>> | undefined;
};

/** What is absent does not matter. */
export interface WantedDecisions {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  /** The header `x-request-id`. */
  readonly request?: string | undefined;
}

/** Makes the test of one record: only what the record shows is looked at. */
export function wantedDecisions({ from, to, reason, request }: WantedDecisions): (record: WantedRecord) => boolean {
  return ({ source, destination, reason: why, request: of }) =>
    (request === undefined || of?.requestId === request) &&
    (reason === undefined || why === reason) &&
    (to === undefined || isCalled(destination?.spiffeId, to)) &&
    (from === undefined || isCalled(source?.principal, from) || (source?.address !== '' && source?.address === from));
}

/** @param name  a SPIFFE ID, `NAMESPACE/SERVICEACCOUNT`, or a namespace */
function isCalled(spiffeId: string | undefined, name: string): boolean {
  if (spiffeId === undefined || spiffeId === '') return false;
  if (spiffeId === name) return true;
  const account = accountOf(spiffeId);
  if (account === undefined) return false;
  return name === account.namespace || name === `${account.namespace}/${account.serviceAccount}`;
}

/** A peer's principal is whatever its Envoy sent. */
function accountOf(principal: string) {
  try {
    return serviceAccountOf(parseSpiffeId(principal));
  } catch {
    return undefined;
  }
}
