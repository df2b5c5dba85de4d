/**
 * The labels that a selector sees on an endpoint or a network set (Calico's composition).
 * @module
 */
import type { Labels } from '../meaning/labels.ts';
import type { Endpoint, LabelPairs, NetworkSet, Registry } from './registry.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';
const ORCHESTRATOR = 'projectcalico.org/orchestrator';
/** Every namespace and service account carries its own name under this key. */
const NAME = 'projectcalico.org/name';
/** The API server gives it to every namespace, whatever its document says. */
const METADATA_NAME = 'kubernetes.io/metadata.name';

/** Looks up the parts of effective labels; built once for each registry. */
export interface LabelIndex {
  ofEndpoint(endpoint: Pick<Endpoint, 'namespace' | 'serviceAccount' | 'labels' | 'behind'>): Labels;
  ofNetworkSet(set: NetworkSet): Labels;
  /** A namespace's own labels and its name, which it has even without a document. */
  ofNamespace(name: string): Labels;
  ofServiceAccount(namespace: string, name: string): Labels;
}

/** Indexes a registry's namespaces and service accounts. */
export function createLabelIndex(registry: Registry): LabelIndex {
  const namespaces = new Map(registry.namespaces.map(({ name, labels }) => [name, namespaceNamed(labels, name)]));
  const serviceAccounts = new Map(
    registry.serviceAccounts.map((one) => [`${one.namespace}/${one.name}`, named(one.labels, one.name)]),
  );
  const namespaceLabels = (name: string): Labels => namespaces.get(name) ?? namespaceNamed([], name);
  const serviceAccountLabels = (namespace: string, name: string): Labels =>
    serviceAccounts.get(`${namespace}/${name}`) ?? named([], name);
  return {
    ofEndpoint({ namespace, serviceAccount, labels, behind = [] }) {
      const out = new Map(labels);
      for (const { service } of behind) out.set(service, '');
      out.set(NAMESPACE, namespace).set(ORCHESTRATOR, 'k8s').set(SERVICE_ACCOUNT, serviceAccount);
      inherit(out, 'pcns.', namespaceLabels(namespace));
      inherit(out, 'pcsa.', serviceAccountLabels(namespace, serviceAccount));
      return out;
    },
    ofNetworkSet({ namespace, labels }) {
      const out = new Map(labels);
      if (namespace === '') return out;
      out.set(NAMESPACE, namespace);
      inherit(out, 'pcns.', namespaceLabels(namespace));
      return out;
    },
    ofNamespace: namespaceLabels,
    ofServiceAccount: serviceAccountLabels,
  };
}

/** What a thing says of itself wins over what it inherits, as in Calico. */
function inherit(into: Map<string, string>, prefix: string, labels: Labels): void {
  for (const [key, value] of labels) if (!into.has(prefix + key)) into.set(prefix + key, value);
}

function namespaceNamed(labels: LabelPairs, name: string): Labels {
  return named([...labels, [METADATA_NAME, name]], name);
}

function named(labels: LabelPairs, name: string): Labels {
  return new Map([...labels, [NAME, name]]);
}
