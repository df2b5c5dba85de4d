/**
 * The labels that a selector sees on an endpoint or a network set (Calico's composition).
 * @module
 */
import type { Labels } from '../meaning/labels.ts';
import type { Endpoint, LabelPairs, NamespaceEntry, NetworkSet, Registry, ServiceAccountEntry } from './registry.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';
const ORCHESTRATOR = 'projectcalico.org/orchestrator';
/** Every namespace and service account carries its own name under this key. */
const NAME = 'projectcalico.org/name';
/** The API server gives it to every namespace, whatever its document says. */
const METADATA_NAME = 'kubernetes.io/metadata.name';

/** What an endpoint or a network set inherits labels from; the same entries, the same inherited labels. */
export interface Heritage {
  /** Undefined where there is no document. */
  readonly namespace: NamespaceEntry | undefined;
  readonly serviceAccount: ServiceAccountEntry | undefined;
}

type LabelledEndpoint = Pick<Endpoint, 'namespace' | 'serviceAccount' | 'labels' | 'behind'>;

/** Looks up the parts of effective labels. */
export interface LabelIndex {
  ofEndpoint(endpoint: LabelledEndpoint): Labels;
  ofNetworkSet(set: NetworkSet): Labels;
  /** A namespace's own labels and its name, which it has even without a document. */
  ofNamespace(name: string): Labels;
  ofServiceAccount(namespace: string, name: string): Labels;
  heritageOf(one: Pick<Endpoint, 'namespace' | 'serviceAccount'> | NetworkSet): Heritage;
}

/** Indexes a registry's namespaces and service accounts; lists that were indexed before are not indexed again. */
export function createLabelIndex(registry: Pick<Registry, 'namespaces' | 'serviceAccounts'>): LabelIndex {
  const namespaces = byName(registry.namespaces);
  const accounts = byName(registry.serviceAccounts);
  const accountNamed = (namespace: string, name: string) => accounts.get(nameOf({ namespace, name }));
  const heritageOf: LabelIndex['heritageOf'] = (one) => ({
    namespace: namespaces.get(nameOf({ name: one.namespace })),
    serviceAccount: 'serviceAccount' in one ? accountNamed(one.namespace, one.serviceAccount) : undefined,
  });
  return {
    heritageOf,
    ofEndpoint: (endpoint) => endpointLabels(endpoint, heritageOf(endpoint)),
    ofNetworkSet: (set) => networkSetLabels(set, heritageOf(set)),
    ofNamespace: (name) => namespaceLabels(name, namespaces.get(nameOf({ name }))),
    ofServiceAccount: (namespace, name) => accountLabels(name, accountNamed(namespace, name)),
  };
}

/** The labels of an endpoint by what it inherits from. */
export function endpointLabels(
  { namespace, serviceAccount, labels, behind = [] }: LabelledEndpoint,
  heritage: Heritage,
): Labels {
  const out = new Map(labels);
  for (const { service } of behind) out.set(service, '');
  out.set(NAMESPACE, namespace).set(ORCHESTRATOR, 'k8s').set(SERVICE_ACCOUNT, serviceAccount);
  inherit(out, 'pcns.', namespaceLabels(namespace, heritage.namespace));
  inherit(out, 'pcsa.', accountLabels(serviceAccount, heritage.serviceAccount));
  return out;
}

/** The labels of a network set by what it inherits from. */
export function networkSetLabels({ namespace, labels, behind }: NetworkSet, heritage: Heritage): Labels {
  if (behind !== undefined) return new Map(behind.map(({ service }) => [service, '']));
  const out = new Map(labels);
  if (namespace === '') return out;
  out.set(NAMESPACE, namespace);
  inherit(out, 'pcns.', namespaceLabels(namespace, heritage.namespace));
  return out;
}

interface Named {
  readonly namespace?: string;
  readonly name: string;
}

const nameOf = ({ namespace = '', name }: Named): string => `${namespace}/${name}`;

const indexed = new WeakMap<readonly Named[], ReadonlyMap<string, Named>>();

function byName<T extends Named>(list: readonly T[]): ReadonlyMap<string, T> {
  const known = indexed.get(list) ?? new Map(list.map((one) => [nameOf(one), one]));
  indexed.set(list, known);
  return known as ReadonlyMap<string, T>; // of this list
}

/** What a thing says of itself wins over what it inherits, as in Calico. */
function inherit(into: Map<string, string>, prefix: string, labels: Labels): void {
  for (const [key, value] of labels) if (!into.has(prefix + key)) into.set(prefix + key, value);
}

const ofEntries = new WeakMap<NamespaceEntry | ServiceAccountEntry, Labels>();

function namespaceLabels(name: string, entry: NamespaceEntry | undefined): Labels {
  return remembered(entry, () => named([...(entry?.labels ?? []), [METADATA_NAME, name]], name));
}

function accountLabels(name: string, entry: ServiceAccountEntry | undefined): Labels {
  return remembered(entry, () => named(entry?.labels ?? [], name));
}

function remembered(entry: NamespaceEntry | ServiceAccountEntry | undefined, make: () => Labels): Labels {
  const labels = (entry && ofEntries.get(entry)) ?? make();
  if (entry !== undefined) ofEntries.set(entry, labels);
  return labels;
}

function named(labels: LabelPairs, name: string): Labels {
  return new Map([...labels, [NAME, name]]);
}
