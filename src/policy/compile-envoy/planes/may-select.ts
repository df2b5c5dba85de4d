/**
 * Which policies of the planes beside Istio's may select a workload, by all that its pods inherit labels from.
 * @module
 */
import { type IpRange, parseCidr, unmappedRange } from '../../../lib/ip-address.ts';
import { CidrTrie } from '../../../lib/tries/cidr-trie.ts';
import type { Destination } from '../../facts.ts';
import { areSameLabels, type Labels } from '../../meaning/labels.ts';
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
  const unclear = isUnclear(registry, workload) ? [{ destination: withoutLabels(workload), labels: undefined }] : [];
  return [{ destination: workload, labels: said }, ...own, ...unclear];
}

const withoutLabels = (workload: Destination): Destination => ({ ...workload, labels: undefined });

/** Whether a Check may find the workload without labels: where those of pods at one address differ, and are not what is said. */
export function isUnclear(registry: Registry, workload: Destination): boolean {
  const { unclear } = indexOf(registry);
  const { namespace, serviceAccount, labels } = workload;
  const account = `${namespace}/${serviceAccount}`;
  let places = unclear.get(account);
  if (places === undefined) {
    places = unclearPlaces(podsOfAccount(registry, workload));
    unclear.set(account, places);
  }
  return places.some((place) => labels === undefined || !place.some((each) => areSameLabels(each, labels)));
}

/** The labels of pods at one address that differ, address by address; what a configuration names has ranges of them. */
function unclearPlaces(pods: readonly Endpoint[]): readonly (readonly Labels[])[] {
  const trie = new CidrTrie<{ readonly bits: number; readonly labels: Labels }[]>();
  const ranges = new Map<string, IpRange>();
  for (const { addresses, labels } of pods)
    for (const text of addresses) {
      const written = parseCidr(text);
      if (written === undefined) continue;
      const range = unmappedRange(written);
      ranges.set(`${range.bytes.join()}/${range.bits}`, range);
      trie.at(range, () => []).push({ bits: range.bits, labels: new Map(labels) });
    }
  return [...ranges.values()].flatMap(({ bytes, bits }) => {
    const found: Labels[] = [];
    trie.walk(bytes, found, (some, into) => {
      for (const each of some) if (each.bits <= bits) into.push(each.labels);
    });
    const [first, ...others] = found;
    return first === undefined || others.every((each) => areSameLabels(each, first)) ? [] : [found];
  });
}

interface Index {
  readonly pods: ReadonlyMap<string, readonly Endpoint[]>;
  readonly labelIndex: LabelIndex;
  /** By service account; filled where it is asked for. */
  readonly unclear: Map<string, readonly (readonly Labels[])[]>;
}

const indices = new WeakMap<Registry, Index>();

function indexOf(registry: Registry): Index {
  let known = indices.get(registry);
  if (known === undefined) {
    const pods = Map.groupBy(registry.endpoints, ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
    known = { pods, labelIndex: createLabelIndex(registry), unclear: new Map() };
    indices.set(registry, known);
  }
  return known;
}
