/**
 * Istio's CA API: a caller that proves an SVID of ours has another key certified for the same identity.
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
import { readCsrPem } from '../../pki/csr.ts';
import { certificatesToPem } from '../../pki/pem.ts';
import type { Entry } from '../../registration/entry.ts';
import type { IdentitySource } from '../../source/identity-source.ts';

export interface IstioCaDeps {
  readonly source: IdentitySource;
  readonly entries: Watchable<readonly Entry[]>;
  /** Whose SVID the connection proved; undefined: nobody's that holds. */
  readonly callerOf: (connection: Connection) => SpiffeId | undefined;
}

/** CreateCertificate. */
export function istioCaMethods(deps: IstioCaDeps): GrpcMethod[] {
  return [
    unary(IstioCertificateService.method.createCertificate, (request, context) => certify(deps, request, context)),
  ];
}

/** Signing renews: whoever is in no entry any more gets nothing, though its certificate still holds. */
async function certify(
  { source, entries, callerOf }: IstioCaDeps,
  request: IstioCertificateRequest,
  { connection }: CallContext,
): Promise<IstioCertificateResponse> {
  const spiffeId = callerOf(connection);
  if (spiffeId === undefined)
    throw new GatehouseError('caller_unauthenticated', 'the caller proved no certificate of our trust domain');
  const impersonated = request.metadata?.['ImpersonatedIdentity'];
  if (impersonated !== undefined && impersonated !== spiffeId)
    throw new GatehouseError('caller_unauthenticated', `${spiffeId} asks for the identity of another`, {
      impersonated,
    });
  const entry = entries.value.find((each) => each.spiffeId === spiffeId);
  if (entry === undefined)
    throw new GatehouseError('not_entitled', `no entry gives ${spiffeId} any more`, { spiffeId });
  const { spki } = readCsrPem(request.csr);
  const { chain } = await source.issueX509({
    entitlement: { ...entry, x509SvidTtlMs: shorter(entry.x509SvidTtlMs, request.validityDuration) },
    selectors: ['gatehouse:svid'],
    channel: 'istio-ca',
    spki,
  });
  const roots = certificatesToPem(source.bundles.value.own.x509Authorities);
  if (roots === '') throw new GatehouseError('authority_not_ready', 'no authority is valid now');
  // One certificate a string, the roots in one at the end: clients cut the chain at these seams.
  return create(IstioCertificateResponseSchema, {
    certChain: [...chain.map((der) => certificatesToPem([der])), roots],
  });
}

/** What was asked for, where that is less than what the entry allows. */
function shorter(allowedMs: number, askedSeconds: bigint): number {
  const askedMs = Number(askedSeconds) * 1000;
  if (askedMs <= 0) return allowedMs;
  return allowedMs <= 0 ? askedMs : Math.min(allowedMs, askedMs);
}
