/**
 * Who a pod may be: by the entries that its selectors match, or by being in a namespace whose accounts need none.
 * @module
 */
import { selectorsOfPod, wantedOfPods } from '../../identity/attestation/kubernetes/pod-selectors.ts';
import type { AnswerDeps } from '../../identity/delivery/pod-certificates/answer-request.ts';
import { entitlements } from '../../identity/registration/entitlements.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { ImplicitEntry } from '../../identity/registration/implicit-entries.ts';
import type { Watchable } from '../../lib/watchable.ts';

/** Creates the rule. A volume holds one certificate: of the first identity that the pod is entitled to, its default one. */
export function podIdentity(
  entries: Watchable<readonly Entry[]>,
  implicit: ImplicitEntry | undefined,
): AnswerDeps['identityOf'] {
  return (_request, pod) => {
    const wanted = wantedOfPods(entries.value.flatMap(({ selectors }) => selectors));
    const selectors = selectorsOfPod(pod, wanted);
    const [entry] = entitlements(entries.value, selectors, implicit);
    return entry && { entry, selectors: [...selectors, `k8s:pod-name:${pod.name}`, `k8s:node-name:${pod.node}`] };
  };
}
