/**
 * The answer to a request: the whole status, which is written once.
 * @module
 */
import { certificatesToPem } from '../../pki/pem.ts';
import { beginRefreshAt, type Times } from './validity.ts';
import type { Denial } from './verdict.ts';

/** `status` of a PodCertificateRequest. */
export interface RequestStatus {
  readonly conditions: readonly {
    readonly type: 'Issued' | 'Denied';
    readonly status: 'True';
    readonly reason: string;
    readonly message: string;
    readonly lastTransitionTime: string;
  }[];
  readonly certificateChain?: string;
  readonly notBefore?: string;
  readonly beginRefreshAt?: string;
  readonly notAfter?: string;
}

/** The API server takes 32 KiB; nobody reads more than this. */
const MOST_MESSAGE = 1_000;

/** RFC 3339 in whole seconds, as the API has it. */
const secondsText = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');

const condition = (
  type: 'Issued' | 'Denied',
  reason: string,
  message: string,
  nowMs: number,
): RequestStatus['conditions'] => [
  { type, status: 'True', reason, message: message.slice(0, MOST_MESSAGE), lastTransitionTime: secondsText(nowMs) },
];

/** Here is the certificate. @param chain  DER, leaf first */
export function issuedStatus(chain: readonly Uint8Array[], times: Times, nowMs: number): RequestStatus {
  return {
    conditions: condition('Issued', 'Issued', '', nowMs),
    certificateChain: certificatesToPem(chain),
    notBefore: secondsText(times.notBeforeAt),
    beginRefreshAt: secondsText(beginRefreshAt(times)),
    notAfter: secondsText(times.notAfterAt),
  };
}

/** There never will be one. */
export function deniedStatus({ reason, message }: Denial, nowMs: number): RequestStatus {
  return { conditions: condition('Denied', reason, message, nowMs) };
}
