/**
 * What a running server follows in a cluster, as a command reads it.
 * @module
 */
import type { AdminClient } from '../../admin-api/client.ts';
import type { ObjectsAnswer } from '../../admin-api/objects.ts';
import { GatehouseError } from '../../errors.ts';
import type { DialectOptions } from '../../policy/dialects/contribution.ts';
import { registryKinds } from '../../policy/dialects/kubernetes/registry-readers.ts';
import { type PolicyFile, readPolicies } from '../../policy/read-policies.ts';

/** All of them: of a part nothing could be said. */
const MOST = 1_000_000;

/** Asks for them. @throws GatehouseError what the server answers; `not_supported` where it has more than it tells */
export async function followedObjects(client: AdminClient): Promise<ObjectsAnswer> {
  const answer = await client.ask('GET /v1/objects', { limit: MOST });
  const { objects, objectCount } = answer;
  if (objectCount > objects.length)
    throw new GatehouseError('not_supported', `of ${objectCount} objects ${objects.length} were told`);
  return answer;
}

/** Reads one. @throws GatehouseError `policy_invalid` */
export function readObject(
  { kind, isPolicy, namespace, text }: ObjectsAnswer['objects'][number],
  options: DialectOptions,
): PolicyFile {
  const read = readPolicies(`${kind} of ${namespace === '' ? 'the cluster' : namespace}`, text, {
    ...options,
    ...(!isPolicy && { kinds: registryKinds }),
    forClusters: 'warning',
  });
  if (read.hasErrors)
    throw new GatehouseError('policy_invalid', `${read.file} cannot be read: ${read.findings[0]?.message ?? ''}`);
  return read;
}
