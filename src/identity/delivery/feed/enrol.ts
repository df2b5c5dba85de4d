/**
 * Enrol: a decider elsewhere gets its own SVID.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { type EnrolRequest, type EnrolResponse, EnrolResponseSchema } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import { deciderIdOf } from '../../../spiffe/own-ids.ts';
import type { CallContext } from '../../../transport/grpc-methods.ts';
import { readCsr } from '../../pki/csr.ts';
import { consumerOf, provenName, refuse } from './consumer.ts';
import type { DeciderProof, FeedDeps } from './feed-deps.ts';
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
  const proof = deps.deciderAt(connection);
  if (proof === undefined) await join(deps, joinToken, decider);
  else await checkName(deps, proof, decider);
  const svid = await source.issueX509({
    entitlement: {
      spiffeId: deciderIdOf(source.trustDomain),
      x509SvidTtlMs: 0,
      jwtSvidTtlMs: 0,
      dnsNames: [],
      hint: '',
      federatesWith: [],
    },
    selectors: selectorsOf(proof),
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

/** A name that is in use is not given to another, though he has a token. */
async function join({ names, useJoinToken }: FeedDeps, joinToken: string, decider: string): Promise<void> {
  if (joinToken === '') throw refuse(NOBODY);
  if (await names.isTaken(decider))
    throw refuse(
      `a decider ${decider} has joined and holds a certificate: throw it out first (gatehouse svid revoke --decider), or delete dataDir here, which gives another name`,
    );
  await useJoinToken(joinToken, decider);
}

/** Whoever renews keeps the name of the certificate that he shows. */
async function checkName({ names }: FeedDeps, proof: DeciderProof, decider: string): Promise<void> {
  if ((await provenName(proof, decider, names)) !== undefined) return;
  throw refuse(
    'this certificate was not enrolled here under any name: join with a token (gatehouse join-token create)',
  );
}

/** Where it comes from, for the ledger: the certificate before it, if there was one. */
function selectorsOf(proof: DeciderProof | undefined): readonly string[] {
  if (proof === undefined) return ['gatehouse:join-token'];
  return proof.by === 'socket' ? ['gatehouse:decider'] : ['gatehouse:decider', `gatehouse:serial:${proof.serial}`];
}

const NOBODY =
  "only a decider may ask for a decider's identity: with its own SVID, a join token, or over a unix socket";
