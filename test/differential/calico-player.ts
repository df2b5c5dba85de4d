/**
 * Plays recorded verdicts of Calico's own code against the real Check, in this process.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import { createCheck } from '../../src/authz/check.ts';
import { unguarded } from '../../src/authz/question.ts';
import { CheckCounters } from '../../src/authz/record/counters.ts';
import { DecisionRing } from '../../src/authz/record/ring.ts';
import { type DecisionState, nothingKnown } from '../../src/authz/state.ts';
import { CheckResponseSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createWatchable } from '../../src/lib/watchable.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import type { TierOptions } from '../../src/policy/dialects/calico/planes.ts';
import { registryKinds } from '../../src/policy/dialects/kubernetes/registry-readers.ts';
import { joinPolicies } from '../../src/policy/load.ts';
import type { Absence } from '../../src/policy/model.ts';
import { type PolicyFile, readPolicies } from '../../src/policy/read-policies.ts';

const mesh = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: {},
};

/** A Check over the documents of one world, and what was said of them. */
export function calicoCheck(
  policies: string,
  registry: string,
  absence: Absence,
  planes: TierOptions['planes'] = { calico: 'enforce', l4: 'off' },
) {
  const registryFile = readPolicies('registry.yaml', registry, { ...mesh, kinds: registryKinds });
  const files: PolicyFile[] = [readPolicies('policies.yaml', policies, mesh), registryFile];
  const { model } = joinPolicies(files, {
    generation: 1,
    absence,
    rootNamespace: mesh.rootNamespace,
    planes,
  });
  const state: DecisionState = { snapshot: compileSnapshot(model, { allowEmpty: false }), ...nothingKnown };
  const check = createCheck({
    state: createWatchable<DecisionState | undefined>(state),
    options: unguarded,
    verifyTokens: () => {
      throw new Error('no token rules were loaded');
    },
    ring: new DecisionRing({ size: 16 }),
    counters: new CheckCounters(),
    clock: systemClock,
    onError: (thrown) => {
      throw thrown;
    },
  });
  return {
    findings: files.flatMap((file) => file.findings),
    check: (request: Uint8Array) => fromBinary(CheckResponseSchema, check(request, { local: true })),
  };
}
