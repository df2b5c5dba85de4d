/**
 * Whether the pod that a request names is there, and is who it says.
 * @module
 */
import type { PodFacts } from '../../attestation/kubernetes/pod-facts.ts';
import type { PodCertificateRequest } from './request.ts';
import { type Denial, deny, type Wait, wait } from './verdict.ts';

/** What the API server has under the names of a request; undefined: nothing. */
export interface Found {
  readonly pod: PodFacts | undefined;
  readonly account: { readonly uid: string } | undefined;
}

/** All is as the request says. */
export interface SeenPod {
  readonly does: 'go on';
  readonly pod: PodFacts;
}

/** Judges whom a request is for. */
export function judgePod(request: PodCertificateRequest, { pod, account }: Found): SeenPod | Denial | Wait {
  const who = `pod ${request.namespace}/${request.pod.name}`;
  if (pod === undefined) return deny('PodGone', `${who} is gone`);
  if (pod.uid !== request.pod.uid)
    return deny('PodGone', `${who} is another one now: ${pod.uid}, not ${request.pod.uid}`);
  if (pod.hasEnded) return deny('PodGone', `${who} has ended`);
  // A pod keeps its account and its node for life.
  if (pod.serviceAccount !== request.account.name)
    return deny('PodMismatch', `${who} has service account ${pod.serviceAccount}, not ${request.account.name}`);
  if (pod.node !== request.node)
    return deny('PodMismatch', `${who} is on node ${pod.node || '(none)'}, not ${request.node}`);
  const name = `service account ${request.namespace}/${request.account.name}`;
  if (account === undefined) return wait('account', `${name} is gone; when it is back, the kubelet asks anew`);
  if (account.uid !== request.account.uid)
    return wait('account', `${name} was made anew since this was asked; the kubelet asks anew`);
  return { does: 'go on', pod };
}
