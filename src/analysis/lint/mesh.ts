/**
 * Which workloads are in a mesh: only of those does layer 7 say anything about what reaches them.
 * @module
 */
import { emptyRegistry, type LabelPairs } from '../../policy/registry/registry.ts';
import type { LintScene, Party } from './lint-scene.ts';
import { asksHttp } from './requests.ts';

/** Labels that an injector puts on a pod, or that ask for one. */
const onPods: ReadonlySet<string> = new Set(['security.istio.io/tlsMode', 'service.istio.io/canonical-name']);

/**
 * Tells whether a workload is in the mesh: its labels or those of its namespace say so, or else its namespace has
 * policies of layer 7. A policy that holds everywhere says nothing about who has a sidecar.
 */
export function meshOf(scene: LintScene): (party: Party) => boolean {
  const { namespaces } = scene.deps.model.registry ?? emptyRegistry;
  const labelsOf = new Map(namespaces.map(({ name, labels }) => [name, labels]));
  const known = new Map<Party, boolean>();
  return (party) => {
    let is = known.get(party);
    is ??= saidByLabels(party.endpoint?.labels ?? [], labelsOf.get(party.namespace) ?? []) ?? hasPolicy(party, scene);
    known.set(party, is);
    return is;
  };
}

/** Undefined if they say nothing. */
function saidByLabels(pod: LabelPairs, namespace: LabelPairs): boolean | undefined {
  const wish = pod.find(([key]) => key === 'sidecar.istio.io/inject')?.[1];
  if (wish !== undefined) return wish === 'true';
  if (pod.some(([key]) => onPods.has(key))) return true;
  for (const [key, value] of namespace) {
    if (key === 'istio-injection') return value === 'enabled';
    if (key === 'istio.io/rev') return true;
    if (key === 'istio.io/dataplane-mode') return value === 'ambient';
  }
  return undefined;
}

const hasPolicy = (party: Party, scene: LintScene): boolean =>
  scene.rules.some(({ plane, policy, rule }) =>
    plane === 'istio'
      ? policy.ref.namespace === party.namespace
      : plane === 'calico' && asksHttp(rule.http) && scene.selectedBy(policy).includes(party),
  );
