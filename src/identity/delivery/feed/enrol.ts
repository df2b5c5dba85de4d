/**
 * Enrol: a decider elsewhere gets its own SVID.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import { type EnrolRequest, type EnrolResponse, EnrolResponseSchema } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import { deciderIdOf } from '../../../spiffe/own-ids.ts';
import type { CallContext } from '../../../transport/grpc-methods.ts';
import { readCsr } from '../../pki/csr.ts';
import { consumerOf } from './consumer.ts';
import type { FeedDeps } from './feed-deps.ts';
import { bundleMessage } from './messages.ts';

/**
 * Signs for whoever is a decider already, or has a join token. The request is read before the token is taken.
 *
 * @throws GatehouseError `csr_invalid`, `not_entitled`, `message_invalid`
 */
export async function enrol(
  deps: FeedDeps,
  { csr, joinToken, decider }: EnrolRequest,
  { connection }: CallContext,
): Promise<EnrolResponse> {
  const { source } = deps;
  const { spki } = readCsr(csr);
  const consumer = consumerOf(decider);
  const isDecider = deps.isDecider(connection);
  if (!isDecider && joinToken === '') throw nobody;
  if (!isDecider) await deps.useJoinToken(joinToken, decider);
  const svid = await source.issueX509({
    entitlement: {
      spiffeId: deciderIdOf(source.trustDomain),
      x509SvidTtlMs: 0,
      jwtSvidTtlMs: 0,
      dnsNames: [],
      hint: '',
      federatesWith: [],
    },
    selectors: [isDecider ? 'gatehouse:decider' : 'gatehouse:join-token'],
    channel: 'feed',
    spki,
    consumer,
  });
  return create(EnrolResponseSchema, {
    chain: svid.chain.map((der) => Uint8Array.from(der)),
    bundle: bundleMessage(source.bundles.value.own),
    authorityId: svid.authorityId,
  });
}

const text = "only a decider may ask for a decider's identity: with its own SVID, a join token, or over a unix socket";
const nobody = new GatehouseError('not_entitled', text, { peerText: text });
