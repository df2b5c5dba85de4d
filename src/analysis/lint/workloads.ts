/**
 * The workloads, namespaces and accounts of a registry: also those whose pods have no address yet.
 * @module
 */
import { createRegistryContext } from '../../policy/meaning/registry-context.ts';
import { applies } from '../../policy/meaning/subject.ts';
import type { PolicyModel, Subject } from '../../policy/model.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';

/** What is known of who lives where. */
export interface Workloads {
  readonly all: readonly Endpoint[];
  readonly namespaces: ReadonlySet<string>;
  /** `namespace/name`. */
  readonly accounts: ReadonlySet<string>;
  selectedBy(subject: Subject): readonly Endpoint[];
  /** Pods on the network of their host, where no policy acts. */
  readonly onHost: readonly Endpoint[];
  hostsSelectedBy(subject: Subject): readonly Endpoint[];
}

/** Every cluster has these, whatever documents say. */
const standing = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Reads them off the registry of a model. */
export function workloadsOf(model: PolicyModel): Workloads {
  const registry = model.registry ?? emptyRegistry;
  const context = createRegistryContext(registry, model.absence, model.hops);
  const [all, onHost] = [false, true].map((host) =>
    registry.endpoints.filter(({ hostNetwork }) => hostNetwork === host),
  ) as [Endpoint[], Endpoint[]]; // one of each
  const namespaces = new Set([
    ...standing,
    ...registry.namespaces.map(({ name }) => name),
    ...registry.endpoints.map(({ namespace }) => namespace),
    ...registry.serviceAccounts.map(({ namespace }) => namespace),
  ]);
  const accounts = new Set([
    ...[...namespaces].map((namespace) => `${namespace}/default`),
    ...registry.serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`),
    ...registry.endpoints.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  ]);
  const located = all.map((endpoint) => ({ endpoint, destination: context.destinationOf(endpoint) }));
  const byNamespace = Map.groupBy(located, ({ endpoint }) => endpoint.namespace);
  return {
    all,
    namespaces,
    accounts,
    onHost,
    hostsSelectedBy: (subject) =>
      onHost.filter((endpoint) => applies(subject, context.destinationOf(endpoint), context) === 'yes'),
    selectedBy: (subject) =>
      (subject.namespace === undefined ? located : (byNamespace.get(subject.namespace) ?? []))
        .filter(({ destination }) => applies(subject, destination, context) === 'yes')
        .map(({ endpoint }) => endpoint),
  };
}
