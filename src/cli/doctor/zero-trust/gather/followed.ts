/**
 * Policies and registry of a configuration whose server follows a cluster: what the server holds of it, beside the files.
 * @module
 */
import type { AdminClient } from '../../../../admin-api/client.ts';
import type { ObjectsAnswer } from '../../../../admin-api/objects.ts';
import type { Config } from '../../../../config/config.ts';
import { GatehouseError } from '../../../../errors.ts';
import { registryKinds } from '../../../../policy/dialects/kubernetes/registry-readers.ts';
import { type PolicyFile, readPolicies } from '../../../../policy/read-policies.ts';
import { readPaths } from '../../../../policy/sources/load-paths.ts';
import { dialectOptions, sourceOptions } from '../../../../server/policy/policy-sources.ts';
import { type ProofSide, proofSideOf } from '../../../../server/policy/proof-side.ts';

/** All of them: of a part nothing could be proved. */
const MOST = 1_000_000;

/** @throws GatehouseError what the server answers; `not_supported` where it does not follow what the configuration says; `policy_invalid` */
export async function followedSide(config: Config, client: AdminClient): Promise<ProofSide> {
  const { objects, objectCount, follows } = await client.ask('GET /v1/objects', { limit: MOST });
  const { policies, registry } = config.kubernetes;
  if (follows.policies !== policies || follows.registry !== registry)
    throw new GatehouseError(
      'not_supported',
      'the running server does not follow in the cluster what this configuration says',
    );
  if (objectCount > objects.length)
    throw new GatehouseError('not_supported', `of ${objectCount} objects ${objects.length} were told`);
  const source = sourceOptions(config);
  const files = [...readPaths(source.paths, source), ...objects.map((object) => readObject(object, config))];
  const broken = files.find(({ hasErrors }) => hasErrors);
  if (broken !== undefined)
    throw new GatehouseError('policy_invalid', `${broken.file} cannot be read: ${broken.findings[0]?.message ?? ''}`);
  return proofSideOf(files, config);
}

function readObject({ kind, isPolicy, namespace, text }: ObjectsAnswer['objects'][number], config: Config): PolicyFile {
  return readPolicies(`${kind} of ${namespace === '' ? 'the cluster' : namespace}`, text, {
    ...dialectOptions(config),
    ...(!isPolicy && { kinds: registryKinds }),
    forClusters: 'warning',
  });
}
