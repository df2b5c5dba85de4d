/**
 * Fuzzes Check by bytes of a CheckRequest, under policies that look at every part of a request.
 * @module
 */
import assert from 'node:assert/strict';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { DecisionIds } from '../../../src/authz/answer/decision-id.ts';
import { createCheck } from '../../../src/authz/check.ts';
import { CheckCounters } from '../../../src/authz/record/counters.ts';
import { DecisionRing } from '../../../src/authz/record/ring.ts';
import { type DecisionState, nothingKnown } from '../../../src/authz/state.ts';
import { CheckRequestSchema, CheckResponseSchema } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { question } from '../../support/check-client.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';
import { policyModel } from './check-policies.ts';
import { rewritten } from './plain-message.ts';

const troubles: unknown[] = [];
const check = createCheck({
  state: createWatchable<DecisionState | undefined>({
    snapshot: compileSnapshot(policyModel(), { allowEmpty: false }),
    ...nothingKnown,
  }),
  options: {
    workloads: [],
    clients: [],
    trustedHops: 1,
    ownPrefixes: ['spiffe://cluster.local/'],
    verifyPeer: 'observe',
    peerTrustDomains: 'any',
    ambiguousRequests: 'deny',
  },
  verifyTokens: () => {
    throw new Error('no policy here has token rules');
  },
  ring: new DecisionRing({ size: 64 }),
  counters: new CheckCounters(),
  ids: new DecisionIds(),
  clock: { now: () => 1_700_000_000_000 },
  onError: (thrown) => troubles.push(thrown),
});

interface Verdict {
  readonly allowed: boolean;
  readonly text: string;
}

/** The answer, as read by a library that shares no code with ours. */
function verdictOf(bytes: Buffer): Verdict {
  const answer = fromBinary(CheckResponseSchema, check(bytes, { local: true }));
  const ours = answer.dynamicMetadata?.['gatehouse'] as Record<string, unknown> | undefined;
  const { id: _, ...rest } = ours ?? {};
  const allowed = answer.status?.code === 0;
  assert.equal(answer.httpResponse.case, allowed ? 'okResponse' : 'deniedResponse');
  assert.equal(rest['decision'], allowed ? 'allow' : 'deny');
  return { allowed, text: JSON.stringify(rest) };
}

const headers = { 'x-token': 'let-me-in', 'x-forwarded-for': '203.0.113.9, 10.1.2.3', host: 'details:9080' };
const seeds = [
  create(CheckRequestSchema, question('GET')),
  create(CheckRequestSchema, question('POST', '/api/items?id=4', headers)),
  create(CheckRequestSchema, {
    attributes: {
      ...question('DELETE').attributes,
      contextExtensions: { 'gatehouse.workload': 'spiffe://cluster.local/ns/default/sa/details' },
      tlsSession: { sni: 'details.example.com' },
    },
  }),
  create(CheckRequestSchema, {
    attributes: {
      source: {
        principal: 'spiffe://cluster.local/ns/default/sa/productpage',
        address: {
          address: {
            case: 'socketAddress',
            value: { address: '10.1.2.3', portSpecifier: { case: 'portValue', value: 40_000 } },
          },
        },
      },
      destination: question('GET').attributes.destination,
    },
  }),
];

/** Fields of protobuf at any depth: where each begins, and its length. */
function fieldsOf(bytes: Buffer, random: Random): [at: number, end: number] {
  const tags: number[] = [];
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    if ((bytes[at]! & 7) === 2 && bytes[at + 1]! <= bytes.length - at - 2) tags.push(at);
  }
  if (tags.length === 0) return [0, bytes.length];
  const at = random.pick(tags);
  return [at, at + 2 + bytes[at + 1]!];
}

export const checkTarget: FuzzTarget = {
  name: 'check',
  seeds: () => seeds.map((message) => Buffer.from(toBinary(CheckRequestSchema, message))),
  mutate(input, other, random) {
    if (!random.once(3) || other.length === 0) return mutateBytes(input, other, random);
    const [at, end] = fieldsOf(input, random);
    const [from, to] = fieldsOf(other, random);
    return Buffer.concat([input.subarray(0, at), other.subarray(from, to), input.subarray(random.once(2) ? at : end)]);
  },
  run(input) {
    troubles.length = 0;
    const verdict = verdictOf(input);
    assert.deepEqual(troubles, [], 'Check met an error of its own');
    const same = rewritten(input);
    // What no policy looks at is not read, so it may be anything; but a message whose end is missing is none.
    if (verdict.allowed) assert.equal(verdictOf(input.subarray(0, -1)).allowed, false, 'allowed although it was cut');
    // Ours takes fewer bytes for a message, e.g. no field number 0; what it does not take is denied.
    const isRefused = verdict.text.includes('malformed_request');
    if (same.kind === 'message' && !isRefused) assert.deepEqual(verdictOf(same.bytes), verdict);
    if (isRefused) assert.equal(verdict.allowed, false);
    troubles.length = 0;
  },
};
