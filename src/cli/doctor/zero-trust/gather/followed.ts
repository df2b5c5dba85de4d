/**
 * Policies and registry of a configuration whose server follows a cluster: what the server holds of it, beside the files.
 * @module
 */
import type { AdminClient } from '../../../../admin-api/client.ts';
import type { Config } from '../../../../config/config.ts';
import { GatehouseError } from '../../../../errors.ts';
import { readPaths } from '../../../../policy/sources/load-paths.ts';
import { dialectOptions, sourceOptions } from '../../../../server/policy/policy-sources.ts';
import { type ProofSide, proofSideOf } from '../../../../server/policy/proof-side.ts';
import { followedObjects, readObject } from '../../../admin/followed-objects.ts';

/** @throws GatehouseError what the server answers; `not_supported` where it does not follow what the configuration says; `policy_invalid` */
export async function followedSide(config: Config, client: AdminClient): Promise<ProofSide> {
  const { objects, follows } = await followedObjects(client);
  const { policies, registry } = config.kubernetes;
  if (follows.policies !== policies || follows.registry !== registry)
    throw new GatehouseError(
      'not_supported',
      'the running server does not follow in the cluster what this configuration says',
    );
  const source = sourceOptions(config);
  const dialect = dialectOptions(config);
  const files = [...readPaths(source.paths, source), ...objects.map((object) => readObject(object, dialect))];
  const broken = files.find(({ hasErrors }) => hasErrors);
  if (broken !== undefined)
    throw new GatehouseError('policy_invalid', `${broken.file} cannot be read: ${broken.findings[0]?.message ?? ''}`);
  return proofSideOf(files, config);
}
