/**
 * Which changes are judged, and which may be refused: a cluster must never be locked out of its own repair.
 * @module
 */
import { isTerminating, sameMeaning, sameSpec } from './cluster-object.ts';
import type { ReviewRequest } from './review.ts';

/** `passed`: not looked at. `told`: judged, and never refused. `judged`: refused where the setting says so. */
export type Standing = 'passed' | 'told' | 'judged';

/** The namespace that we run in; undefined where that is not known. */
export type OwnNamespace = string | undefined;

/** How a change is to be taken. */
export function standingOf(request: ReviewRequest, own: OwnNamespace): Standing {
  const { operation, subResource, object, oldObject, namespace } = request;
  if (operation === 'DELETE' || operation === 'CONNECT' || subResource !== '' || object === undefined) return 'passed';
  if (isTerminating(object) || sameMeaning(object, oldObject)) return 'passed';
  if (isOwn(request, own)) return 'passed';
  return namespace === 'kube-system' || sameSpec(object, oldObject) ? 'told' : 'judged';
}

/** The same where a change is held against what tenants are promised: there a DELETE counts, and so do labels and annotations. */
export function proofStandingOf(request: ReviewRequest, own: OwnNamespace): Standing {
  const { operation, subResource, object, oldObject, namespace, userInfo } = request;
  if (operation === 'CONNECT' || subResource !== '' || isOwn(request, own)) return 'passed';
  if (operation === 'DELETE') {
    if (oldObject !== undefined && isTerminating(oldObject)) return 'passed'; // it was looked at when that began
    // Whoever clears a namespace away, or what has lost its owner, must come to an end.
    return namespace === 'kube-system' || userInfo.startsWith('system:serviceaccount:kube-system:') ? 'told' : 'judged';
  }
  if (object === undefined || sameMeaning(object, oldObject)) return 'passed';
  return namespace === 'kube-system' ? 'told' : 'judged';
}

const isOwn = ({ namespace, userInfo }: ReviewRequest, own: OwnNamespace): boolean =>
  own !== undefined && (namespace === own || userInfo.startsWith(`system:serviceaccount:${own}:`));
