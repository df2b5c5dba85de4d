/**
 * What `policy check --native` is asked about: some policies, beside all else that the server of a configuration would have.
 * @module
 */
import type { Config } from '../../../config/config.ts';
import { findingsError, loadConfig, readConfig } from '../../../config/read-config.ts';
import { GatehouseError } from '../../../errors.ts';
import type { PlacedWorkload } from '../../../policy/compile-envoy/workload-trees.ts';
import { joinKindTables } from '../../../policy/dialects/kind-table.ts';
import { registryKinds } from '../../../policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../../policy/dialects/table.ts';
import type { Finding } from '../../../policy/documents/finding.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import type { PolicyFile } from '../../../policy/read-policies.ts';
import { joinForLook, readPaths } from '../../../policy/sources/load-paths.ts';
import type { PolicyPath } from '../../../policy/sources/policy-path.ts';
import { policyPaths, sourceOptions } from '../../../server/policy/policy-sources.ts';
import { serviceAccountOf } from '../../../spiffe/spiffe-id.ts';
import { adminClient } from '../../admin/admin-client.ts';
import { followedObjects, readObject } from '../../admin/followed-objects.ts';
import { configFile, configIfAny } from '../../config/config-option.ts';
import type { PolicyFlags } from '../policy-options.ts';

/** What the flags say beside the paths. */
export interface NativeFlags extends PolicyFlags {
  readonly admin?: string;
  readonly svid?: string;
}

/** All that trees are made of. */
export interface NativeModel {
  readonly config: Config;
  readonly model: PolicyModel;
  /** The workloads of the configuration, and of its entries. */
  readonly workloads: readonly PlacedWorkload[];
  /** Errors of all files, also of those that hold no policies. */
  readonly errors: readonly Finding[];
}

/** The paths of a configuration, for whoever names none. */
export function configuredPaths({ config: flag }: PolicyFlags): readonly PolicyPath[] {
  const file = configIfAny(flag);
  return file === undefined ? [] : policyPaths(loadConfig(file).policies.paths);
}

/**
 * Reads it. The paths may hold pods, namespaces and service accounts beside policies; with a configuration its registry, workloads, planes
 * and the layer of the site count too, with `--admin` the registry that the running server follows in its cluster.
 *
 * @throws GatehouseError `config_invalid`, `not_found`; `not_supported` where that server follows none
 */
export async function nativeModel(paths: readonly PolicyPath[], flags: NativeFlags): Promise<NativeModel> {
  const config = configOf(flags);
  const { paths: others, ...options } = sourceOptions({ ...config, policies: { ...config.policies, paths: [] } });
  const { absence, planes, hops, endpoints, owners, rootNamespace } = options;
  const kinds = joinKindTables(policyKinds, registryKinds);
  const files = [
    ...readPaths([...paths.map((each) => ({ ...each, kinds })), ...others], options),
    ...(flags.admin === undefined ? [] : await followed(flags, options)),
  ];
  const { model, findings } = joinForLook(files, {
    ...{ absence, rootNamespace },
    ...(planes && { planes }),
    ...(hops && { hops }),
    ...(endpoints && { endpoints }),
    ...(owners && { owners }),
  });
  return { config, model, workloads: workloadsOf(config), errors: findings.filter(isError) };
}

const isError = ({ severity }: Finding): boolean => severity === 'error';

function configOf({ config: flag, rootNamespace }: NativeFlags): Config {
  const file = configIfAny(flag);
  const config = file === undefined ? usualConfig() : loadConfig(file);
  return rootNamespace === undefined ? config : { ...config, policies: { ...config.policies, rootNamespace } };
}

function usualConfig(): Config {
  const reading = readConfig(JSON.stringify({ trustDomain: 'cluster.local' }), 'gatehouse.yaml');
  if (reading.ok) return reading.config;
  throw findingsError(reading.findings);
}

async function followed(
  { admin, svid, config }: NativeFlags,
  options: Parameters<typeof readObject>[1],
): Promise<readonly PolicyFile[]> {
  const client = await adminClient({
    ...(admin !== undefined && { admin }),
    ...(svid !== undefined && { svid }),
    get config() {
      return configFile(config);
    },
  });
  const { objects, follows } = await followedObjects(client);
  if (!follows.registry)
    throw new GatehouseError(
      'not_supported',
      'the running server follows no pods in a cluster: name the files of its registry, or its configuration (--config)',
    );
  return objects.filter(({ isPolicy }) => !isPolicy).map((object) => readObject(object, options));
}

/** As a server finds who asks for a policy; an Envoy may say labels of its own. */
function workloadsOf({ workloads, entries, extAuthz }: Config): readonly PlacedWorkload[] {
  const named = workloads.map(({ namespace, serviceAccount, spiffeId, labels, trustedHops }) => ({
    ...{ spiffeId, namespace, serviceAccount, trustedHops: trustedHops ?? extAuthz.trustedHops },
    labels: labels && new Map(Object.entries(labels)),
  }));
  const known = new Set<string>(named.map(({ spiffeId }) => spiffeId));
  const entered = entries.flatMap(({ spiffeId }) => {
    const account = serviceAccountOf(spiffeId);
    if (account === undefined || known.has(spiffeId)) return [];
    known.add(spiffeId);
    return [{ spiffeId, ...account, labels: undefined, trustedHops: extAuthz.trustedHops }];
  });
  return [...named, ...entered];
}
