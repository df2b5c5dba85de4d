/**
 * A model of policies that a test spells out.
 * @module
 */
import assert from 'node:assert/strict';
import { usualDialect } from '../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../src/policy/dialects/kubernetes/registry-readers.ts';
import { type JoinOptions, joinPolicies } from '../../src/policy/load.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';

/** Reads policies, which must have no errors, over a registry; the planes of tiers are enforced unless said otherwise. */
export function modelOf(
  policies: string,
  {
    registry = '',
    planes = { calico: 'off', l4: 'enforce' },
  }: { registry?: string } & Pick<JoinOptions, 'planes'> = {},
): PolicyModel {
  const files = [
    readPolicies('policies.yaml', policies, usualDialect),
    readPolicies('registry.yaml', registry, { ...usualDialect, kinds: registryKinds }),
  ];
  const errors = files.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error'));
  assert.deepEqual(errors, []);
  return joinPolicies(files, { generation: 1, absence: 'upstream', rootNamespace: usualDialect.rootNamespace, planes })
    .model;
}
