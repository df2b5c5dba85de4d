/**
 * The third column: what the workload's tree says of a recorded question, walked as Envoy walks it.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { VerifyTokens } from '../../src/authz/jwt/token-outcome.ts';
import { Question, type QuestionOptions } from '../../src/authz/question.ts';
import { CheckCounters } from '../../src/authz/record/counters.ts';
import type { DecisionState } from '../../src/authz/state.ts';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { interpretTree } from '../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf } from '../../src/policy/compile-envoy/workload-trees.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { seenInCheck } from '../support/seen-in-check.ts';
import type { WorldSettings } from './world.ts';

/** What trees came to since the program began: action kinds, and how often. */
export const nativeOutcomes = new Map<string, number>();

/** Creates the column: true, false, or undefined where the tree asks. */
export function createNativePlayer(
  model: PolicyModel,
  state: DecisionState,
  options: QuestionOptions,
  settings: Pick<WorldSettings, 'trust_domain' | 'trust_domain_aliases'>,
  verifyTokens: VerifyTokens,
): (bytes: Uint8Array, nowMs: number) => boolean | undefined {
  const question = new Question(options, verifyTokens, new CheckCounters());
  const known = new WeakMap<object, ReturnType<typeof treesOf>>();
  const native: Parameters<typeof treesOf>[2] = {
    trustDomains: [settings.trust_domain, ...(settings.trust_domain_aliases ?? [])],
    verifyPeer: 'off',
    peerTrustDomains: 'any',
    ambiguousRequests: 'asUpstream',
    allowEmpty: true,
  };
  return (bytes, nowMs) => {
    question.clear();
    if (question.read(bytes, { local: true }, state, nowMs) !== undefined) return count('refused');
    const { destination, facts } = question;
    if (destination === undefined) return count('refused');
    const trees = known.get(destination) ?? treesOf(model, destination, native);
    known.set(destination, trees);
    if ('everything' in trees) return count('ask:everything');
    const certificate = fromBinary(CheckRequestSchema, bytes).attributes?.source?.certificate ?? '';
    const root = facts.protocol === 'http' ? trees.http : trees.network;
    const action = interpretTree(root, seenInCheck(facts, certificate));
    count(action?.name.split(/[/#]/)[0] ?? 'nothing');
    return action?.name.startsWith('ask:') === true ? undefined : action?.effect === 'allow';
  };
}

function count(kind: string): undefined {
  nativeOutcomes.set(kind, (nativeOutcomes.get(kind) ?? 0) + 1);
  return undefined;
}
