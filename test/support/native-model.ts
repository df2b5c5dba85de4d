/**
 * Istio documents as a model, for tests of what Envoy is given.
 * @module
 */
import { joinKindTables } from '../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../src/policy/dialects/table.ts';
import { type JoinOptions, loadPolicies } from '../../src/policy/load.ts';
import type { Absence, PolicyModel } from '../../src/policy/model.ts';
import { type PolicyFile, readPolicies } from '../../src/policy/read-policies.ts';

/** The workload that {@link istioModel} is asked about. */
export const workload = {
  spiffeId: 'spiffe://cluster.local/ns/default/sa/details',
  namespace: 'default',
  serviceAccount: 'details',
  labels: new Map([['app', 'details']]),
};

/** The model of YAML documents of any dialect but the site's, of pods, and of other files. @throws Error for one that is refused */
export function istioModel(
  text: string,
  absence: Absence = 'upstream',
  more: Partial<JoinOptions> = {},
  others: readonly PolicyFile[] = [],
): PolicyModel {
  const options = {
    trustDomain: 'cluster.local',
    trustDomainAliases: [],
    rootNamespace: 'istio-system',
    customProviders: {},
    kinds: joinKindTables(policyKinds, registryKinds),
  };
  const file = readPolicies('policies.yaml', text, options);
  const { model, findings } = loadPolicies([file, ...others], {
    generation: 1,
    absence,
    rootNamespace: 'istio-system',
    ...more,
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return model;
}
