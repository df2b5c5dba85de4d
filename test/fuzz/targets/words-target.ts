/**
 * Fuzzes what is said inside of gRPC to the feed and to Istio's CA: the first byte chooses the method, the rest are messages.
 * @module
 */
import assert from 'node:assert/strict';
import { create, toBinary } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../src/errors.ts';
import { EnrolRequestSchema, FollowRequestSchema } from '../../../src/gen/gatehouse/feed/v1/feed_pb.ts';
import { IstioCertificateRequestSchema } from '../../../src/gen/istio/v1/auth/ca_pb.ts';
import { createDeciderReports } from '../../../src/identity/delivery/feed/decider-reports.ts';
import type { FeedDeps } from '../../../src/identity/delivery/feed/feed-deps.ts';
import { feedMethods } from '../../../src/identity/delivery/feed/feed-methods.ts';
import { createFollowers } from '../../../src/identity/delivery/feed/followers.ts';
import { istioCaMethods } from '../../../src/identity/delivery/istio-ca/create-certificate.ts';
import { generateKeyDer } from '../../../src/identity/pki/key-type.ts';
import { makeCsr } from '../../../src/identity/pki/make-csr.ts';
import type { IdentitySource } from '../../../src/identity/source/identity-source.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import type { CallContext, GrpcMethod } from '../../../src/transport/grpc-methods.ts';
import type { Connection } from '../../../src/transport/listen/connections.ts';
import { mutateBytes } from '../mutate.ts';
import type { FuzzTarget } from '../target.ts';

const trustDomain = parseTrustDomain('cluster.local');
const spiffeId = parseSpiffeId('spiffe://cluster.local/ns/a/sa/b');
const own = { trustDomain, sequence: 1, refreshHintSeconds: 300, x509Authorities: [], jwtAuthorities: [] };
const source = {
  trustDomain,
  bundles: createWatchable({ own, intermediates: [], federated: new Map() }),
  renewals: createWatchable(0),
  issueX509: () => Promise.reject(new GatehouseError('authority_not_ready', 'it issues nothing here')),
  issueJwt: () => Promise.reject(new GatehouseError('authority_not_ready', 'it issues nothing here')),
  acknowledge: () => undefined,
  forget: () => undefined,
  renewAt: () => Number.POSITIVE_INFINITY,
} as unknown as IdentitySource; // no more of it is asked for

const feedDeps: FeedDeps = {
  source,
  revocations: createWatchable({ sequence: 1, rows: [] }),
  storeAgeMs: () => 0,
  deciderAt: () => ({ by: 'socket' }),
  names: { ofSerial: async () => undefined, isTaken: async () => false, isThrownOut: () => false },
  useJoinToken: async () => undefined,
  followers: createFollowers(),
  reports: createDeciderReports(),
  refusedAt: () => undefined,
  clock: { now: () => 1_700_000_000_000 },
  ticks: { subscribe: () => () => undefined },
  observer: { streamOpened: () => undefined, streamClosed: () => undefined, failed: () => undefined },
};
const entry = {
  spiffeId,
  x509SvidTtlMs: 0,
  jwtSvidTtlMs: 0,
  dnsNames: [],
  hint: '',
  federatesWith: [],
  selectors: [],
};
const methods: readonly GrpcMethod[] = [
  ...feedMethods(feedDeps),
  ...istioCaMethods({
    ...{ source, entries: createWatchable([entry as never]), callerOf: () => spiffeId },
    issued: async () => undefined,
    certified: () => undefined,
  }),
];

const HELLO = create(FollowRequestSchema, { word: { case: 'hello', value: { trustDomain, decider: 'd' } } });
const keys = await generateKeyDer('ec-p256');
const csr = makeCsr(keys);
const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(csr).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;

function contextOf(signal: AbortSignal): CallContext {
  const connection = {} as Connection; // who it is stands in the deps
  return { connection, metadata: { get: () => [] }, signal };
}

/** A message, or undefined where the bytes are none, which the server refuses before anybody sees it. */
function decoded(method: GrpcMethod, bytes: Uint8Array): unknown {
  try {
    return method.decode(bytes);
  } catch {
    return undefined;
  }
}

async function call(method: GrpcMethod, bytes: Uint8Array): Promise<void> {
  const message = decoded(method, bytes);
  if (message === undefined) return;
  const stopping = new AbortController();
  const context = contextOf(stopping.signal);
  if (method.kind === 'unary') return void (await method.handle(message, context));
  if (method.kind !== 'bidi_streaming') return;
  async function* requests(): AsyncGenerator<unknown> {
    yield HELLO;
    yield message;
  }
  for await (const answer of method.handle(requests(), context)) method.encode(answer);
}

export const wordsTarget: FuzzTarget = {
  name: 'words',
  seeds: () => {
    const holding = create(FollowRequestSchema, {
      word: {
        case: 'holding',
        value: { bundleSequence: 1n, svid: { serial: 'a', authorityId: 'b', notBeforeAt: 1n, notAfterAt: 2n } },
      },
    });
    const enrolling = create(EnrolRequestSchema, { csr, joinToken: 't', decider: 'd' });
    const asking = create(IstioCertificateRequestSchema, { csr: pem, validityDuration: 3_600n });
    return [
      Buffer.concat([Buffer.from([0]), toBinary(FollowRequestSchema, HELLO)]),
      Buffer.concat([Buffer.from([0]), toBinary(FollowRequestSchema, holding)]),
      Buffer.concat([Buffer.from([1]), toBinary(EnrolRequestSchema, enrolling)]),
      Buffer.concat([Buffer.from([2]), toBinary(IstioCertificateRequestSchema, asking)]),
    ];
  },
  mutate: mutateBytes,
  async run(input) {
    const method = methods[(input[0] ?? 0) % methods.length]!;
    try {
      await call(method, input.subarray(1));
    } catch (thrown) {
      assert.ok(thrown instanceof GatehouseError && thrown.code !== 'internal', String(thrown));
    }
  },
};
