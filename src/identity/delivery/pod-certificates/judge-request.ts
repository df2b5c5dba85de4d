/**
 * What can be said of a request before anybody else is asked.
 * @module
 */
import type { PodCertificateRequest } from './request.ts';
import { type RequestedKey, requestedKey } from './requested-key.ts';
import { type Denial, deny, type Wait } from './verdict.ts';

/** It has its answer, or is for another signer: it is not touched. */
export interface Leave {
  readonly does: 'leave';
  readonly why: 'answered' | 'foreign signer';
}

/** Judges a request by itself. @param ours  the signer that we are */
export function judgeRequest(request: PodCertificateRequest, ours: string): RequestedKey | Denial | Wait | Leave {
  if (request.signerName !== ours) return { does: 'leave', why: 'foreign signer' };
  if (request.isAnswered) return { does: 'leave', why: 'answered' };
  const [annotation] = request.annotations;
  if (annotation !== undefined)
    return deny(
      'UnknownAnnotation',
      `${ours} knows no userAnnotations: take ${JSON.stringify(annotation)} out of the volume; names come from entries`,
    );
  return requestedKey(request);
}
