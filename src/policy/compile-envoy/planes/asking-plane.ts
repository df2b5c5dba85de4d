/**
 * Which planes beside Istio's have a say about a workload: no tree holds what they say, so where they do everything asks.
 * @module
 */
import type { Destination } from '../../facts.ts';
import { applies } from '../../meaning/subject.ts';
import type { Plane, Policy, Subject } from '../../model.ts';
import { createLabelIndex, type LabelIndex } from '../../registry/effective-labels.ts';
import type { Endpoint, Registry } from '../../registry/registry.ts';

/** Why a plane that is enforced asks about all of a workload; undefined: it decides nothing there. */
export function whyPlaneAsks(plane: Plane, registry: Registry, workload: Destination): string | undefined {
  const judged = `the plane ${plane.id} is enforced, which is judged by Gatehouse alone`;
  // the plane l4 refuses callers whose place and identity disagree, even without a policy
  if (plane.id === 'l4') return judged;
  const policies = plane.stages.flatMap((stage) => stage.policies as readonly Pick<Policy, 'ref' | 'subject'>[]);
  if (plane.id !== 'calico') return policies.length > 0 ? judged : undefined;
  const selecting = policies.find(({ subject }) => maySelect(subject, registry, workload));
  if (selecting === undefined) return undefined;
  const { kind, namespace, name } = selecting.ref;
  return `${judged}: ${kind} ${namespace === '' ? name : `${namespace}/${name}`} selects it, or may`;
}

/** Whether a subject takes the workload by the effective labels of one of the pods that it may be. */
export function maySelect(subject: Subject, registry: Registry, workload: Destination): boolean {
  if (subject.namespace !== undefined && subject.namespace !== workload.namespace) return false;
  return candidates(registry, workload).some(({ destination, labels }) => {
    return applies(subject, destination, { endpointLabels: () => labels }) !== 'no';
  });
}

/** Whether the workload's pods have the same effective labels by both registries. */
export function isLabelledAlike([before, now]: readonly [Registry, Registry], workload: Destination): boolean {
  if (before === now) return true;
  const [one, other] = [before, now].map((each) => textOf(each, workload));
  return one === other;
}

const textOf = (registry: Registry, workload: Destination): string =>
  JSON.stringify(
    candidates(registry, workload).map(({ labels }) => labels && [...labels].sort(([a], [b]) => (a < b ? -1 : 1))),
  );

interface Candidate {
  readonly destination: Destination;
  /** Undefined: unknown. */
  readonly labels: ReadonlyMap<string, string> | undefined;
}

/** The workload by what is said of it, for a Check from nowhere, and as each of the pods of its service account. */
function candidates(registry: Registry, workload: Destination): readonly Candidate[] {
  const { pods, labelIndex } = indexOf(registry);
  const { namespace, serviceAccount, labels } = workload;
  const said = labels && labelIndex.ofEndpoint({ namespace, serviceAccount, labels: [...labels] });
  const own = (pods.get(`${namespace}/${serviceAccount}`) ?? []).map((pod) => ({
    destination: { ...workload, labels: new Map(pod.labels) },
    labels: labelIndex.ofEndpoint(pod),
  }));
  return [{ destination: workload, labels: said }, ...own];
}

interface Index {
  readonly pods: ReadonlyMap<string, readonly Endpoint[]>;
  readonly labelIndex: LabelIndex;
}

const indices = new WeakMap<Registry, Index>();

function indexOf(registry: Registry): Index {
  let known = indices.get(registry);
  if (known === undefined) {
    const pods = Map.groupBy(registry.endpoints, ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
    known = { pods, labelIndex: createLabelIndex(registry) };
    indices.set(registry, known);
  }
  return known;
}
