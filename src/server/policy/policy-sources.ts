/**
 * Policy in the primary: files, watched, to the model that deciders get.
 * @module
 */
import type { Config, WorkloadConfig } from '../../config/config.ts';
import { systemClock } from '../../lib/clock.ts';
import type { DialectOptions } from '../../policy/dialects/contribution.ts';
import { registryKinds } from '../../policy/dialects/kubernetes/registry-readers.ts';
import { siteKinds } from '../../policy/dialects/site/kinds.ts';
import type { Endpoint } from '../../policy/registry/registry.ts';
import { lastGoodIn, type StoredTexts } from '../../policy/sources/last-good-store.ts';
import type { ObjectSource } from '../../policy/sources/object-source.ts';
import type { PolicyPath } from '../../policy/sources/policy-path.ts';
import {
  openPolicySources,
  type PolicySourceOptions,
  type PolicySources,
} from '../../policy/sources/policy-sources.ts';

/** What the configuration tells the readers of policy. */
export function dialectOptions({
  trustDomain,
  trustDomainAliases,
  policies,
  federation,
  extAuthz,
}: Pick<Config, 'trustDomain' | 'trustDomainAliases' | 'policies' | 'federation' | 'extAuthz'>): DialectOptions {
  const { rootNamespace, customProviders } = policies;
  const othersLetIn =
    federation.trustDomains.length > 0 && !federation.acceptForeignNamespaces && extAuthz.peerTrustDomains === 'any';
  return { trustDomain, trustDomainAliases, rootNamespace, customProviders, ...(othersLetIn && { othersLetIn }) };
}

type SourceConfig = Pick<
  Config,
  'trustDomain' | 'trustDomainAliases' | 'policies' | 'registry' | 'workloads' | 'federation' | 'extAuthz'
>;

/** Reads the policies and goes on watching them. @throws GatehouseError `policy_invalid` */
export function openPolicies(
  config: Config,
  stored: StoredTexts,
  onError: (thrown: unknown) => void,
  objects?: ObjectSource,
): Promise<PolicySources> {
  return openPolicySources(sourceOptions(config), {
    clock: systemClock,
    lastGood: lastGoodIn(stored),
    onError,
    objects,
  });
}

/** What a configuration tells the sources of policy. */
export function sourceOptions(config: SourceConfig): PolicySourceOptions {
  const { paths, site, absence, planes, hops, owners, ignoreBy } = config.policies;
  const places: PolicyPath[] = [
    ...policyPaths(paths),
    ...site.paths.map(({ path, subnets, tags, applicationSecurityGroups }) => ({
      path,
      kinds: siteKinds({ ...(subnets && { subnets }), tags, applicationSecurityGroups }),
    })),
    ...config.registry.paths.map((path) => ({ path, kinds: registryKinds })),
  ];
  return {
    paths: places,
    absence,
    planes,
    hops,
    owners,
    ignoreBy,
    endpoints: endpointsOf(config),
    ...dialectOptions(config),
  };
}

/** Paths of policies, as the sources take them. */
export function policyPaths(paths: Config['policies']['paths']): PolicyPath[] {
  return paths.map(({ path, namespaces, defaultNamespace, include, exclude, text }) => ({
    path,
    ...(namespaces && { namespaces }),
    ...(defaultNamespace !== undefined && { defaultNamespace }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(text !== undefined && { text }),
  }));
}

/** The workloads of a configuration as selectors see them. */
export function endpointsOf({ workloads }: Pick<Config, 'workloads'>): Endpoint[] {
  return workloads.map(toEndpoint);
}

function toEndpoint({ namespace, serviceAccount, labels, addresses }: WorkloadConfig): Endpoint {
  return {
    namespace,
    name: serviceAccount,
    serviceAccount,
    labels: Object.entries(labels ?? {}),
    addresses: [...addresses],
    ports: [],
    hostNetwork: false,
  };
}
