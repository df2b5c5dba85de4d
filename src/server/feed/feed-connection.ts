/**
 * Calls to the authority's feed: where it is, who we are, whom we believe there.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import {
  type EnrolRequest,
  EnrolRequestSchema,
  type EnrolResponse,
  EnrolResponseSchema,
  type FollowRequest,
  FollowRequestSchema,
  type FollowResponse,
  FollowResponseSchema,
} from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import { authorityIdOf } from '../../spiffe/own-ids.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { failureText } from '../../transport/grpc-failure.ts';

/** Whom to show and whom to believe; over a unix socket nobody is needed. */
export interface FeedCredentials {
  /** PEM. */
  readonly trustedPem: string;
  /** PEM; absent: only the server proves who it is. */
  readonly own?: { readonly chainPem: string; readonly keyPem: string };
}

/** The two calls of the feed over one connection. */
export interface FeedConnection extends Disposable {
  follow(): ClientDuplexStream<FollowRequest, FollowResponse>;
  /** @throws GatehouseError as the authority refused, or `unreachable` */
  enrol(request: EnrolRequest): Promise<EnrolResponse>;
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const ENROL_TIMEOUT_MS = 10_000;

/**
 * Opens a connection; nothing is sent before the first call.
 *
 * @param address  `unix:PATH` or `HOST:PORT`
 */
export function connectFeed(
  address: string,
  trustDomain: TrustDomain,
  who: FeedCredentials | undefined,
): FeedConnection {
  const client = new Client(
    address,
    who === undefined ? credentials.createInsecure() : tlsCredentials(trustDomain, who),
    {
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.use_local_subchannel_pool': 1,
      // Node warns of server names that are addresses; who is there is known by his SPIFFE ID.
      'grpc.ssl_target_name_override': 'gatehouse',
    },
  );
  return {
    follow: () =>
      client.makeBidiStreamRequest(
        '/gatehouse.feed.v1.Feed/Follow',
        (message: FollowRequest) => Buffer.from(toBinary(FollowRequestSchema, message)),
        (bytes: Buffer) => fromBinary(FollowResponseSchema, bytes),
      ),
    enrol: (request) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          '/gatehouse.feed.v1.Feed/Enrol',
          (message: EnrolRequest) => Buffer.from(toBinary(EnrolRequestSchema, message)),
          (bytes: Buffer) => fromBinary(EnrolResponseSchema, bytes),
          request,
          { deadline: Date.now() + ENROL_TIMEOUT_MS },
          (error, answer) => {
            if (error !== null || answer === undefined) reject(feedError(error, address));
            else resolve(answer);
          },
        );
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

function tlsCredentials(trustDomain: TrustDomain, { trustedPem, own }: FeedCredentials): ChannelCredentials {
  const wanted = authorityIdOf(trustDomain);
  return credentials.createSsl(
    Buffer.from(trustedPem),
    own ? Buffer.from(own.keyPem) : null,
    own ? Buffer.from(own.chainPem) : null,
    {
      rejectUnauthorized: true, // whatever the environment says
      checkServerIdentity(_, { raw }) {
        const names = new X509Certificate(raw).subjectAltName ?? '';
        const uris = names.split(', ').filter((name) => name.startsWith('URI:'));
        if (uris.length === 1 && uris[0] === `URI:${wanted}`) return undefined;
        return new Error(`who answers is ${uris.join(', ') || 'nobody with a SPIFFE ID'}, not ${wanted}`);
      },
    },
  );
}

const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'not_entitled',
  'message_invalid',
  'trust_domain_invalid',
  'csr_invalid',
  'authority_not_ready',
]);

/** What a call ended with, in one sentence. */
export function feedError(error: ServiceError | null, address: string): GatehouseError {
  const told = String(error?.metadata?.get('gatehouse-code')[0] ?? '');
  const why = failureText(error?.details ?? 'no answer');
  if (refusals.has(told))
    return new GatehouseError(told as ErrorCode, `the authority at ${address} refuses: ${why}`, { address }); // one of ErrorCode
  const hint = /certificate is not yet valid|certificate has expired/.test(why)
    ? '; compare the clocks of both machines'
    : '';
  return new GatehouseError('unreachable', `the authority at ${address} cannot be followed: ${why}${hint}`, {
    address,
  });
}
