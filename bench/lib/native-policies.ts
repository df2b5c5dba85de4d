/**
 * The rules of every peer as Envoy itself can decide by them: our tree, and ordinary RBAC as Istio writes it.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { RBACSchema } from '../../src/gen/envoy/config/rbac/v3/rbac_pb.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import { nativePolicyOf } from '../../src/policy/compile-envoy/native-policy.ts';
import type { NativeSettings } from '../../src/policy/compile-envoy/native-settings.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';
import { destination, istioYaml, ordinaryRbac, type Rule, rulesOf } from './same-rules.ts';

/** Whose Envoy it is. */
export const workload = {
  spiffeId: destination,
  namespace: 'shop',
  serviceAccount: 'backend',
  labels: new Map<string, string>(),
};

/** A document a rule, read. */
export function modelOf(rules: readonly Rule[]): PolicyModel {
  const options = {
    trustDomain: 'cluster.local',
    trustDomainAliases: [],
    rootNamespace: 'istio-system',
    customProviders: {},
  };
  const file = readPolicies('rules.yaml', istioYaml(rules, true), options);
  return loadPolicies([file], { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' }).model;
}

export function settingsOf(model: PolicyModel): NativeSettings {
  const { decide } = compileSnapshot(model, { allowEmpty: false });
  return {
    trustDomains: ['cluster.local'],
    ...({ verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' } as const),
    ...{ allowEmpty: false, decide },
  };
}

/** The rules as Istio writes them: `envoy.config.rbac.v3.RBAC`, serialized. */
export const ordinaryRules = (rules: readonly Rule[]): Uint8Array =>
  toBinary(RBACSchema, create(RBACSchema, { policies: ordinaryRbac(rules) }));

/** Our filter of so many rules, serialized. @throws Error if the tree hands over everything */
export function treeFilter(count: number): Uint8Array {
  const model = modelOf(rulesOf(count));
  const { http, everything } = nativePolicyOf(model, workload, settingsOf(model));
  if (everything !== undefined) throw new Error(`the tree of ${count} rules asks about everything: ${everything}`);
  return http;
}
