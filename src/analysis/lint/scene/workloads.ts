/**
 * The workloads, namespaces and accounts of a registry: also those whose pods have no address yet.
 * @module
 */
import { nearest } from '../../../lib/nearest.ts';
import { createRegistryContext } from '../../../policy/meaning/registry-context.ts';
import { applies } from '../../../policy/meaning/subject.ts';
import type { PolicyModel, Subject } from '../../../policy/model.ts';
import { type Endpoint, emptyRegistry } from '../../../policy/registry/registry.ts';
import { once } from './once.ts';
import { slipOfNamespace } from './slips.ts';

/** What is known of who lives where. */
export interface Workloads {
  readonly all: readonly Endpoint[];
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces that documents other than policies and workloads tell of. */
  readonly declared: ReadonlySet<string>;
  /** `namespace/name`. */
  readonly accounts: ReadonlySet<string>;
  /** Keys of the Services behind which a workload stands. */
  readonly services: ReadonlySet<string>;
  /** Pods on the network of their host, where no policy acts. */
  readonly onHost: readonly Endpoint[];
  hostsSelectedBy(subject: Subject): readonly Endpoint[];
  /** The Service that was probably meant, by its key. */
  nearestService(key: string): string | undefined;
  /** The name that was probably meant, if one is near. */
  nearestNamespace(namespace: string): string | undefined;
  nearestAccount(namespace: string, name: string): string | undefined;
  /** Whether a workload or a document tells of accounts in a namespace, its default one aside. */
  hasAccounts(namespace: string): boolean;
}

/** Every cluster has these, whatever documents say. */
const standing = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** What installers bring, and a team's tree does not hold. */
export const isPlatform = (namespace: string): boolean =>
  /-system$|^(istio|kube|calico|tigera|ingress|nginx|gatekeeper|cert-manager|monitoring|prometheus|observability|openshift|knative|linkerd|traefik|argocd|flux)/.test(
    namespace,
  );

/** Reads them off the registry of a model. */
export function workloadsOf(model: PolicyModel): Workloads {
  const registry = model.registry ?? emptyRegistry;
  const context = createRegistryContext({ ...registry, endpoints: [], networkSets: [] }, model.absence, model.hops);
  const [all, onHost] = [false, true].map((host) =>
    registry.endpoints.filter(({ hostNetwork }) => hostNetwork === host),
  ) as [Endpoint[], Endpoint[]]; // one of each
  const declared = new Set([
    ...registry.namespaces.map(({ name }) => name),
    ...registry.serviceAccounts.map(({ namespace }) => namespace),
  ]);
  const namespaces = new Set([
    ...standing,
    ...declared,
    ...registry.endpoints.map(({ namespace }) => namespace),
    // Where people put policies, there is a namespace.
    ...model.planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies.map(({ ref }) => ref.namespace))),
  ]);
  const accounts = new Set([
    ...[...namespaces].map((namespace) => `${namespace}/default`),
    ...registry.serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`),
    ...registry.endpoints.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  ]);
  const places = [...all, ...registry.networkSets];
  const services = new Set(places.flatMap(({ behind = [] }) => behind.map(({ service }) => service)));
  const accountsIn = Map.groupBy(accounts, (key) => key.slice(0, key.indexOf('/')));
  const names = [...namespaces];
  return {
    all,
    namespaces,
    declared,
    accounts,
    services,
    onHost,
    hostsSelectedBy: (subject) =>
      onHost.filter((endpoint) => applies(subject, context.destinationOf(endpoint), context) === 'yes'),
    nearestService: once((key) => nearest(key, [...services])),
    nearestNamespace: once((namespace) => slipOfNamespace(namespace, names)),
    hasAccounts: (namespace) => (accountsIn.get(namespace) ?? []).some((key) => key !== `${namespace}/default`),
    nearestAccount: (namespace, name) =>
      nearest(
        name,
        (accountsIn.get(namespace) ?? []).map((key) => key.slice(namespace.length + 1)),
      ),
  };
}

/** Groups, of all whose kinds pods are made or changed. */
const makingGroups: ReadonlySet<string> = new Set([
  'argoproj.io',
  'helm.cattle.io',
  'helm.toolkit.fluxcd.io',
  'install.istio.io',
  'kafka.strimzi.io',
  'kubeflow.org',
  'kustomize.config.k8s.io',
  'kustomize.toolkit.fluxcd.io',
  'postgresql.cnpg.io',
  'ray.io',
  'sailoperator.io',
  'serving.knative.dev',
  'serving.kserve.io',
]);

const makingKinds: ReadonlySet<string> = new Set([
  'Helm template',
  'apps.openshift.io/DeploymentConfig',
  'gateway.networking.k8s.io/Gateway',
  'monitoring.coreos.com/Alertmanager',
  'monitoring.coreos.com/Prometheus',
  'monitoring.coreos.com/PrometheusAgent',
  'monitoring.coreos.com/ThanosRuler',
]);

/** Whether pods, or their labels, are made of what was skipped on reading. */
export const makesPods = (kind: string): boolean => makingKinds.has(kind) || makingGroups.has(kind.split('/', 1)[0]!); // one part at least
