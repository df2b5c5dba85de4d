/**
 * The labels that a selector sees on an endpoint or a network set (Calico's composition).
 * @module
 */
import type { Labels } from '../labels.ts';
import type { Endpoint, LabelPairs, NetworkSet, Registry } from './registry.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';
const ORCHESTRATOR = 'projectcalico.org/orchestrator';
/** Every namespace and service account carries its own name under this key. */
const NAME = 'projectcalico.org/name';

/** Looks up the parts of effective labels; made once a registry. */
export interface LabelBook {
  ofEndpoint(endpoint: Pick<Endpoint, 'namespace' | 'serviceAccount' | 'labels' | 'behind'>): Labels;
  ofNetworkSet(set: NetworkSet): Labels;
  /** A namespace's own labels and its name; undefined if it is not registered. */
  ofNamespace(name: string): Labels | undefined;
  ofServiceAccount(namespace: string, name: string): Labels | undefined;
}

/** Indexes a registry's namespaces and service accounts. */
export function createLabelBook(registry: Registry): LabelBook {
  const namespaces = new Map(registry.namespaces.map(({ name, labels }) => [name, named(labels, name)]));
  const serviceAccounts = new Map(
    registry.serviceAccounts.map((one) => [`${one.namespace}/${one.name}`, named(one.labels, one.name)]),
  );
  const namespaceLabels = (name: string): Labels => namespaces.get(name) ?? named([], name);
  const serviceAccountLabels = (namespace: string, name: string): Labels =>
    serviceAccounts.get(`${namespace}/${name}`) ?? named([], name);
  return {
    ofEndpoint({ namespace, serviceAccount, labels, behind = [] }) {
      const out = new Map(labels);
      for (const { service } of behind) out.set(service, '');
      out.set(NAMESPACE, namespace).set(ORCHESTRATOR, 'k8s').set(SERVICE_ACCOUNT, serviceAccount);
      for (const [key, value] of namespaceLabels(namespace)) out.set(`pcns.${key}`, value);
      for (const [key, value] of serviceAccountLabels(namespace, serviceAccount)) out.set(`pcsa.${key}`, value);
      return out;
    },
    ofNetworkSet({ namespace, labels }) {
      const out = new Map(labels);
      if (namespace === '') return out;
      out.set(NAMESPACE, namespace);
      for (const [key, value] of namespaceLabels(namespace)) out.set(`pcns.${key}`, value);
      return out;
    },
    ofNamespace: (name) => namespaces.get(name),
    ofServiceAccount: (namespace, name) => serviceAccounts.get(`${namespace}/${name}`),
  };
}

function named(labels: LabelPairs, name: string): Labels {
  return new Map([...labels, [NAME, name]]);
}
