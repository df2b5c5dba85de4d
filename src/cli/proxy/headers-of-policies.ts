/**
 * Which headers the policies of a configuration read and write: what a proxy has to pass on.
 * @module
 */
import { loadConfig } from '../../config/read-config.ts';
import type { Stage } from '../../policy/model.ts';
import { factsOfPolicy, tokenHeadersOf } from '../../policy/rules/needed-fact.ts';
import { joinForLook, readPaths } from '../../policy/sources/load-paths.ts';
import { dialectOptions, sourceOptions } from '../../server/policy/policy-sources.ts';

/** Lower-case names, of all policies that may apply in a namespace. */
export interface PolicyHeaders {
  readonly trustDomain: string;
  readonly read: readonly string[];
  readonly written: readonly string[];
}

/** Reads them. @throws GatehouseError as the configuration and its policies are read */
export function headersOfPolicies(configFile: string, namespace: string): PolicyHeaders {
  const config = loadConfig(configFile);
  const source = sourceOptions(config);
  const { model } = joinForLook(readPaths(source.paths, dialectOptions(config)), {
    absence: config.policies.absence,
    rootNamespace: config.policies.rootNamespace,
    planes: { ...config.policies.planes, site: 'off' },
    ...(source.endpoints && { endpoints: source.endpoints }),
    ...(source.hops && { hops: source.hops }),
  });
  const stages = model.planes.flatMap((plane) => plane.stages);
  return {
    trustDomain: config.trustDomain,
    read: sorted(stages.flatMap((stage) => [...readBy(stage, namespace)])),
    written: sorted(stages.flatMap((stage) => [...writtenBy(stage, namespace)])),
  };
}

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
const HEADER = 'header ';

function* readBy(stage: Stage, namespace: string): Iterable<string> {
  if (stage.kind === 'transport') return;
  const facts =
    stage.kind === 'token'
      ? near(stage.policies, namespace).flatMap(({ rules }) => rules.flatMap((rule) => [...tokenHeadersOf(rule)]))
      : near(stage.policies, namespace).flatMap((policy) => [...factsOfPolicy(policy).keys()]);
  for (const fact of facts) if (fact.startsWith(HEADER)) yield fact.slice(HEADER.length);
}

function* writtenBy(stage: Stage, namespace: string): Iterable<string> {
  if (stage.kind !== 'token') return;
  for (const { outputPayloadToHeader, outputClaimToHeaders } of near(stage.policies, namespace).flatMap(
    ({ rules }) => rules,
  )) {
    if (outputPayloadToHeader !== '') yield outputPayloadToHeader.toLowerCase();
    for (const { header } of outputClaimToHeaders) yield header.toLowerCase();
  }
}

function near<P extends { readonly subject: { readonly namespace: string | undefined } }>(
  policies: readonly P[],
  namespace: string,
): readonly P[] {
  return policies.filter(({ subject }) => (subject.namespace ?? namespace) === namespace);
}
