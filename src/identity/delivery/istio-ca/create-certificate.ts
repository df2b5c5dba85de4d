/**
 * Istio's CA API: a caller that proves an SVID of ours, or the token of a pod, has a key certified for its own identity.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import {
  type IstioCertificateRequest,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
  IstioCertificateService,
} from '../../../gen/istio/v1/auth/ca_pb.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { type CallContext, type GrpcMethod, unary } from '../../../transport/grpc-methods.ts';
import type { Connection } from '../../../transport/listen/connections.ts';
import { refuseImpersonation } from '../../attestation/kubernetes/node-proxy.ts';
import type { TokenHolder } from '../../attestation/kubernetes/token-attestor.ts';
import { reasonOf } from '../../attestation/kubernetes/token-refusal.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { readCsrPem } from '../../pki/csr.ts';
import { certificatesToPem } from '../../pki/pem.ts';
import type { Entry } from '../../registration/entry.ts';
import type { IdentitySource } from '../../source/identity-source.ts';
import { bearerToken, checkClusterId } from './bearer-token.ts';
import { type ClusterCallers, type Granted, grantForPodOfNode, grantRenewal, grantToPod } from './pod-callers.ts';

export interface IstioCaDeps {
  readonly source: IdentitySource;
  readonly entries: Watchable<readonly Entry[]>;
  /** Whose SVID the connection proved; undefined: nobody's that holds. */
  readonly callerOf: (connection: Connection) => SpiffeId | undefined;
  /** Absent: tokens are not taken. */
  readonly cluster?: ClusterCallers | undefined;
  /** The ledger's row of an SVID. @param serial  lower-case hex */
  readonly issued: (
    serial: string,
  ) => Promise<{ readonly selectors: readonly string[]; readonly issuedAt: number } | undefined>;
  /** Told of every certificate, and how its holder was attested. */
  readonly certified: (spiffeId: SpiffeId, selectors: readonly string[]) => void;
}

/** CreateCertificate. */
export function istioCaMethods(deps: IstioCaDeps): GrpcMethod[] {
  return [
    unary(IstioCertificateService.method.createCertificate, (request, context) => certify(deps, request, context)),
  ];
}

async function certify(
  deps: IstioCaDeps,
  request: IstioCertificateRequest,
  context: CallContext,
): Promise<IstioCertificateResponse> {
  const { source, certified } = deps;
  const { entry, selectors } = await grant(deps, request, context);
  const { spki } = readCsrPem(request.csr);
  const { chain } = await source.issueX509({
    entitlement: { ...entry, x509SvidTtlMs: shorter(entry.x509SvidTtlMs, request.validityDuration) },
    selectors,
    channel: 'istio-ca',
    spki,
  });
  const roots = certificatesToPem(source.bundles.value.own.x509Authorities);
  if (roots === '') throw new GatehouseError('authority_not_ready', 'no authority is valid now');
  certified(entry.spiffeId, selectors);
  // One certificate a string, the roots in one at the end: clients cut the chain at these seams.
  return create(IstioCertificateResponseSchema, {
    certChain: [...chain.map((der) => certificatesToPem([der])), roots],
  });
}

/** Who asks, and what for. A token comes first: it is newer than any certificate, and starts the time anew in which one suffices. */
async function grant(
  deps: IstioCaDeps,
  request: IstioCertificateRequest,
  { connection, metadata }: CallContext,
): Promise<Granted> {
  const { entries, callerOf, cluster } = deps;
  const svid = callerOf(connection);
  const asked = impersonatedIn(request);
  const token = cluster && bearerToken(metadata);
  if (cluster === undefined || token === undefined) return grantBySvid(deps, svid, asked, connection);
  checkClusterId(metadata, cluster.clusterId);
  let holder: TokenHolder;
  try {
    holder = await cluster.tokens.attest(token);
  } catch (thrown) {
    // Left behind by a kubelet that is gone: as good as none.
    if (svid === undefined || reasonOf(thrown) !== 'expired') throw thrown;
    return grantBySvid(deps, svid, asked, connection);
  }
  if (asked === undefined || asked === svid) return grantToPod(holder, svid, entries, cluster);
  return grantForPodOfNode(holder, asked, entries, cluster);
}

/** Signing renews: whoever is in no entry any more gets nothing, though its certificate still holds. */
async function grantBySvid(
  { entries, cluster, issued }: IstioCaDeps,
  svid: SpiffeId | undefined,
  asked: string | undefined,
  { peerCertificate }: Connection,
): Promise<Granted> {
  if (svid === undefined)
    throw new GatehouseError('caller_unauthenticated', 'the caller proved no certificate of our trust domain');
  if (asked !== undefined && asked !== svid)
    throw new GatehouseError('caller_unauthenticated', `${svid} asks for the identity of another`, {
      impersonated: asked,
    });
  const row = cluster && peerCertificate && (await issued(readCertificate(peerCertificate).serial));
  const renewal = cluster && (await grantRenewal(svid, row, entries, cluster));
  if (renewal !== undefined) return renewal;
  const entry = entries.value.find((each) => each.spiffeId === svid && !each.selectors.some(isOfKubernetes));
  if (entry === undefined) throw new GatehouseError('not_entitled', `no entry gives ${svid} any more`, { svid });
  return { entry, selectors: ['gatehouse:svid'] };
}

/** Such an entry is for pods alone, and it is no pod's SVID. */
const isOfKubernetes = (selector: string): boolean => selector.startsWith('k8s:');

/** Whom the caller speaks for; undefined: for itself. An empty text is what an agent sends that speaks for nobody. */
function impersonatedIn({ metadata }: IstioCertificateRequest): string | undefined {
  const asked = metadata?.['ImpersonatedIdentity'];
  if (asked === undefined || asked === null || asked === '') return undefined;
  if (typeof asked !== 'string') throw refuseImpersonation('ImpersonatedIdentity is no text');
  return asked;
}

/** What was asked for, where that is less than what the entry allows. */
function shorter(allowedMs: number, askedSeconds: bigint): number {
  const askedMs = Number(askedSeconds) * 1000;
  if (askedMs <= 0) return allowedMs;
  return allowedMs <= 0 ? askedMs : Math.min(allowedMs, askedMs);
}
