/**
 * Joins what registry files say to one registry. Pure.
 * @module
 */
import type { PolicyFile } from '../read-policies.ts';
import type { Endpoint, Registry } from './registry.ts';

/** Joins files without errors; workloads from configuration stand beside the pods. */
export function joinRegistry(files: readonly PolicyFile[], configured: readonly Endpoint[] = []): Registry {
  const said = files
    .filter((file) => !file.hasErrors)
    .flatMap(({ documents }) => documents.flatMap(({ contribution }) => contribution ?? []));
  return {
    endpoints: [...configured, ...said.flatMap((one) => (one.to === 'endpoint' ? [one.endpoint] : []))],
    namespaces: said.flatMap((one) => (one.to === 'namespace' ? [one.namespace] : [])),
    serviceAccounts: said.flatMap((one) => (one.to === 'service-account' ? [one.account] : [])),
    networkSets: [],
  };
}
