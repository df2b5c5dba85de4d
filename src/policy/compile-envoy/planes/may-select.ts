/**
 * Which policies of the planes beside Istio's may select a workload, by all that its pods inherit labels from.
 * @module
 */
import type { Destination } from '../../facts.ts';
import { applies } from '../../meaning/subject.ts';
import type { Subject } from '../../model.ts';
import { createLabelIndex, type LabelIndex } from '../../registry/effective-labels.ts';
import type { Endpoint, Registry } from '../../registry/registry.ts';

/** Whether a subject takes the workload by the effective labels of one of the pods that it may be. */
export function maySelect(subject: Subject, registry: Registry, workload: Destination): boolean {
  if (subject.namespace !== undefined && subject.namespace !== workload.namespace) return false;
  return candidates(registry, workload).some(({ destination, labels }) => {
    return applies(subject, destination, { endpointLabels: () => labels }) !== 'no';
  });
}

/** The pods of a service account. */
export const podsOfAccount = (registry: Registry, { namespace, serviceAccount }: Destination): readonly Endpoint[] =>
  indexOf(registry).pods.get(`${namespace}/${serviceAccount}`) ?? [];

interface Candidate {
  readonly destination: Destination;
  /** Undefined: unknown. */
  readonly labels: ReadonlyMap<string, string> | undefined;
}

/** The workload by what is said of it, for a Check from nowhere, and as each of the pods of its service account. */
function candidates(registry: Registry, workload: Destination): readonly Candidate[] {
  const { labelIndex } = indexOf(registry);
  const { namespace, serviceAccount, labels } = workload;
  const said = labels && labelIndex.ofEndpoint({ namespace, serviceAccount, labels: [...labels] });
  const own = podsOfAccount(registry, workload).map((pod) => ({
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
