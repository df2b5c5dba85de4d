/**
 * The JWT half of the SPIFFE Workload API.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import {
  JWTBundlesResponseSchema,
  type JWTSVIDRequest,
  type JWTSVIDResponse,
  JWTSVIDResponseSchema,
  JWTSVIDSchema,
  SpiffeWorkloadAPI,
  ValidateJWTSVIDResponseSchema,
} from '../../../gen/spiffe/workload/workloadapi_pb.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { jwtBundleToJwks } from '../../../spiffe/bundle-jwks.ts';
import { jwtVersionOf } from '../../../spiffe/bundle-version.ts';
import { idOfTrustDomain, parseSpiffeId } from '../../../spiffe/spiffe-id.ts';
import { type CallContext, type GrpcMethod, serverStreaming, unary } from '../../../transport/grpc-methods.ts';
import type { Entry } from '../../registration/entry.ts';
import { notEntitled } from '../attested-stream.ts';
import { lookUpCaller, watchCaller } from '../caller-watch.ts';
import type { DeliveryDeps } from '../delivery-deps.ts';
import { federatedBundles } from '../federated-bundles.ts';
import { eachGranted } from '../granted.ts';
import type { Answer } from '../shared-answers.ts';
import { requireSecurityHeader } from './security-header.ts';
import { validateJwtSvid } from './validate-jwt-svid.ts';

/** FetchJWTSVID, FetchJWTBundles and ValidateJWTSVID (Workload API §6.2). */
export function jwtMethods(deps: DeliveryDeps): GrpcMethod[] {
  return [
    unary(SpiffeWorkloadAPI.method.fetchJWTSVID, (request, context) => fetchJwtSvid(deps, request, context)),
    serverStreaming(SpiffeWorkloadAPI.method.fetchJWTBundles, (_, context) => fetchJwtBundles(deps, context)),
    unary(SpiffeWorkloadAPI.method.validateJWTSVID, async ({ audience, svid }, { metadata, connection }) => {
      requireSecurityHeader(metadata);
      if (audience === '') throw invalid('audience must be specified');
      if (svid === '') throw invalid('svid must be specified');
      const { bundles, entries } = await lookUpCaller(deps, connection);
      const trusted = [bundles.own, ...federatedBundles(bundles, entries)];
      const { spiffeId, claims } = await validateJwtSvid({ token: svid, audience, trusted, now: deps.clock.now() });
      return create(ValidateJWTSVIDResponseSchema, { spiffeId, claims });
    }),
  ];
}

async function fetchJwtSvid(
  { source, ...deps }: DeliveryDeps,
  { audience: audiences, spiffeId }: JWTSVIDRequest,
  { metadata, connection }: CallContext,
): Promise<JWTSVIDResponse> {
  requireSecurityHeader(metadata);
  if (audiences.length === 0) throw invalid('audience must be specified');
  if (audiences.includes('')) throw invalid('an audience is empty');
  const { entries, attestation } = await lookUpCaller({ source, ...deps }, connection);
  const wanted = spiffeId === '' ? entries : entries.filter((entry) => entry.spiffeId === idIn(spiffeId));
  if (wanted.length === 0) throw notEntitled(attestation, 'the requested identity is not yours');
  const { selectors } = attestation;
  const issue = async (entry: Entry) => {
    const { token } = await source.issueJwt({ entitlement: entry, selectors, channel: 'workload-api', audiences });
    return create(JWTSVIDSchema, { spiffeId: entry.spiffeId, svid: token, hint: entry.hint });
  };
  const svids = await eachGranted(wanted, issue, (_, error) => deps.observer.failed(FETCH_JWT_SVID, error));
  return create(JWTSVIDResponseSchema, { svids: [...svids] });
}

async function* fetchJwtBundles(deps: DeliveryDeps, context: CallContext): AsyncGenerator<Uint8Array> {
  requireSecurityHeader(context.metadata);
  using watch = watchCaller(deps, context, 'workload-api');
  let last: Answer | undefined;
  let told = 0;
  while (!context.signal.aborted) {
    const { bundles, entries } = await watch.state();
    if (bundles.own.jwtAuthorities.length === 0)
      throw new GatehouseError('authority_not_ready', 'there is no JWT authority');
    const all = [bundles.own, ...federatedBundles(bundles, entries)].filter(
      ({ jwtAuthorities }) => jwtAuthorities.length > 0, // of an empty set of keys clients make an error
    );
    const answer = watch.stream.answers.of('jwt-bundles', all.map(jwtVersionOf), last, () => bundlesOf(all));
    if (answer !== last) {
      last = answer;
      yield last.bytes;
      told = 0;
    }
    const { sequence } = bundles.own;
    if (sequence !== told) {
      const spiffeIds = entries.map((entry) => entry.spiffeId);
      watch.stream.tell({ spiffeIds, sequence, grade: 'sent', kinds });
      told = sequence;
    }
    await watch.changed(Number.POSITIVE_INFINITY);
  }
}

const kinds = ['jwt'] as const;
const FETCH_JWT_SVID = '/SpiffeWorkloadAPI/FetchJWTSVID';

function bundlesOf(all: readonly Bundle[]): Uint8Array {
  const jwks = all.map((each) => [idOfTrustDomain(each.trustDomain), Buffer.from(jwtBundleToJwks(each))] as const);
  return toBinary(JWTBundlesResponseSchema, create(JWTBundlesResponseSchema, { bundles: Object.fromEntries(jwks) }));
}

function idIn(text: string): string {
  try {
    return parseSpiffeId(text);
  } catch (thrown) {
    throw invalid('spiffe_id is not a SPIFFE ID', thrown);
  }
}

function invalid(peerText: string, cause?: unknown): GatehouseError {
  return new GatehouseError('message_invalid', peerText, { peerText }, { cause });
}
