/**
 * The policies that a configuration's files say, and whether they are those that a server has in force.
 * @module
 */
import type { AdminClient } from '../../../admin-api/client.ts';
import type { PoliciesAnswer } from '../../../admin-api/policies.ts';
import type { Config } from '../../../config/config.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import { joinForLook, readPaths } from '../../../policy/sources/load-paths.ts';
import { sourceOptions } from '../../../server/policy/policy-sources.ts';

/** The policies that the files of a configuration come to; a sentence where they do not hold them. @throws GatehouseError `not_found` */
export function modelHere(config: Config): PolicyModel | string {
  if (config.kubernetes.policies) return 'policies are read from a cluster, which files do not hold';
  const source = sourceOptions(config);
  const { absence, endpoints, hops, rootNamespace } = source;
  const { model } = joinForLook(readPaths(source.paths, source), {
    ...{ absence, rootNamespace, planes: config.policies.planes },
    ...(endpoints && { endpoints }),
    ...(hops && { hops }),
  });
  return model;
}

/** Why a server has other policies in force; undefined: it has these. */
export async function otherThan(model: PolicyModel, client: AdminClient): Promise<string | undefined> {
  const inForce = await client.ask('GET /v1/policies', {});
  const [first] = inForce.degraded;
  if (first !== undefined) return `what is in force is not what its files say: ${first}`;
  return JSON.stringify(placesIn(inForce)) === JSON.stringify(placesIn(toldOf(model)))
    ? undefined
    : 'the files here are not those that the server has in force';
}

type Told = Pick<PoliciesAnswer, 'planes'>;

const placesIn = ({ planes }: Told) =>
  planes.map(({ id, mode, stages }) => [
    ...[id, mode],
    stages.map(({ kind, policies }) => [
      kind,
      policies.map((each) => [each.kind, each.namespace, each.name, each.file, each.line, each.column]),
    ]),
  ]);

const toldOf = ({ planes }: PolicyModel): Told => ({
  planes: planes.map(({ id, mode, stages }) => ({
    ...{ id, mode },
    stages: stages.map(({ kind, policies }) => ({
      kind,
      policies: policies.map(({ ref, position }) => ({ ...ref, ...position })),
    })),
  })),
});
