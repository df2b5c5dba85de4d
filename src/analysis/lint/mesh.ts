/**
 * Which workloads are in a mesh: only of those does layer 7 say anything about what reaches them.
 * @module
 */
import { emptyRegistry, type LabelPairs } from '../../policy/registry/registry.ts';
import type { LintScene } from './scene/lint-scene.ts';
import { INJECT, onPods } from './scene/mesh-labels.ts';
import type { Party } from './scene/party.ts';
import { asksHttp } from './scene/requests.ts';

/**
 * Tells whether a workload is in the mesh: its labels or those of its namespace say so, or else its namespace has
 * policies of layer 7. A policy that holds everywhere says nothing about who has a sidecar.
 */
export function meshOf(scene: LintScene): (party: Party) => boolean {
  const { namespaces } = scene.deps.model.registry ?? emptyRegistry;
  const labelsOf = new Map(namespaces.map(({ name, labels }) => [name, labels]));
  const hasPolicy = policiesOf(scene);
  const known = new Map<Party, boolean>();
  return (party) => {
    let is = known.get(party);
    is ??= saidByLabels(party.endpoint?.labels ?? [], labelsOf.get(party.namespace) ?? []) ?? hasPolicy(party);
    known.set(party, is);
    return is;
  };
}

/** Undefined if they say nothing. */
function saidByLabels(pod: LabelPairs, namespace: LabelPairs): boolean | undefined {
  const wish = pod.find(([key]) => key === INJECT)?.[1];
  if (wish !== undefined) return wish === 'true';
  if (pod.some(([key]) => onPods.has(key))) return true;
  for (const [key, value] of namespace) {
    if (key === 'istio-injection') return value === 'enabled';
    if (key === 'istio.io/rev') return true;
    if (key === 'istio.io/dataplane-mode') return value === 'ambient';
  }
  return undefined;
}

/** Tells whether its namespace has policies of Istio, or a rule of Calico's about HTTP is about it. */
function policiesOf(scene: LintScene): (party: Party) => boolean {
  const namespaces = new Set<string>();
  const selected = new Set<Party>();
  for (const { plane, policy, rule } of scene.rules) {
    if (plane === 'istio') namespaces.add(policy.ref.namespace);
    else if (plane === 'calico' && asksHttp(rule.http))
      for (const party of scene.selectedBy(policy.subject).flatMap(scene.alike)) selected.add(party);
  }
  return (party) => namespaces.has(party.namespace) || selected.has(party);
}
