/**
 * Lints policies that are given as objects, over pods.
 * @module
 */
import assert from 'node:assert/strict';
import { lint } from '../../src/analysis/lint/lint.ts';
import type { LintFinding } from '../../src/analysis/lint/scene/lint-finding.ts';
import { unguarded } from '../../src/authz/question.ts';
import { usualDialect } from '../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../src/policy/dialects/kubernetes/registry-readers.ts';
import { joinPolicies } from '../../src/policy/load.ts';
import type { Absence, PolicyModel } from '../../src/policy/model.ts';
import { createOwnerIndex } from '../../src/policy/owners.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';

/** A pod of namespace `shop` with its own service account and label `app`. */
export const pod = (name: string, address: string, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name, ...labels } },
  spec: { serviceAccountName: name, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { phase: 'Running', podIPs: [{ ip: address }] },
});

/** The findings, and the model that they are about; the first policy is file `0.yaml`. */
export function lintedOf(
  policies: readonly object[],
  registry: readonly object[],
  unread: readonly string[] = [],
): { readonly findings: readonly LintFinding[]; readonly model: PolicyModel } {
  const model = modelOf(policies, registry);
  const findings = lint({
    model,
    strict: modelOf(policies, registry, 'strict'),
    options: unguarded,
    trustDomain: 'cluster.local',
    ownerOf: createOwnerIndex(model.registry, []),
    unread,
  });
  return { findings, model };
}

/** The model of policies over pods. */
export function modelOf(
  policies: readonly object[],
  registry: readonly object[],
  absence: Absence = 'upstream',
): PolicyModel {
  const text = (documents: readonly object[]): string => documents.map((one) => JSON.stringify(one)).join('\n---\n');
  const files = [
    ...policies.map((one, i) => readPolicies(`${i}.yaml`, JSON.stringify(one), usualDialect)),
    readPolicies('registry.yaml', text(registry), { ...usualDialect, kinds: registryKinds }),
  ];
  const findings = files.flatMap((file) => file.findings.filter(({ severity }) => severity === 'error'));
  assert.deepEqual(findings, []);
  return joinPolicies(files, {
    generation: 1,
    absence,
    rootNamespace: 'istio-system',
    planes: { calico: 'enforce', l4: 'enforce' },
  }).model;
}
