/**
 * Why a verdict was impossible for want of labels, and what to pass.
 * @module
 */
import { nameOf } from '../authz/answer/respond.ts';
import { fromByteString } from '../lib/byte-string.ts';
import type { Destination } from '../policy/facts.ts';
import type { LabelExpr } from '../policy/meaning/labels.ts';
import type { PolicyModel, PolicyRef, Subject } from '../policy/model.ts';

/** One sentence for `labels_unknown`: which labels the policy asks for, and every way to tell them. */
export function labelsUnknown(ref: PolicyRef, destination: Destination | undefined, { planes }: PolicyModel): string {
  const subjects = planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => {
      const policies: readonly { readonly ref: PolicyRef; readonly subject: Subject }[] = stage.policies;
      return policies.filter((policy) => policy.ref === ref).map(({ subject }) => subject);
    }),
  );
  const keys = [...new Set(subjects.flatMap(keysOf))];
  const which = keys.length === 0 ? 'by labels' : `by ${keys.length === 1 ? 'label' : 'labels'} ${keys.join(', ')}`;
  const whom = destination === undefined ? 'the workload' : fromByteString(destination.spiffeId);
  const example = keys[0] ?? 'app';
  return (
    `denied by ${nameOf(ref)} (labels_unknown): it selects ${which}, and nothing says the labels of ${whom}; ` +
    `pass destination.labels: { "${example}": "…" } in the request, or give its Pod to --registry (registry.paths) and name its address, ` +
    `or write workloads[].labels; an Envoy sends them by envoy bootstrap --label ${example}=…`
  );
}

function keysOf({ labels, selector }: Subject): readonly string[] {
  return [...labels.map(([key]) => key), ...(selector === undefined ? [] : keysIn(selector))];
}

/** The pod's own labels among those that a selector asks for. */
function keysIn(expr: LabelExpr): readonly string[] {
  switch (expr.op) {
    case 'all':
    case 'any':
      return expr.of.flatMap(keysIn);
    case 'not':
      return keysIn(expr.of);
    default:
      return /^(projectcalico\.org\/|pcns\.|pcsa\.|service )/.test(expr.key) ? [] : [expr.key];
  }
}
