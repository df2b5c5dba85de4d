/**
 * The metadata of a call to Istio's CA.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { CallMetadata } from '../../../transport/grpc-methods.ts';

const BEARER = 'Bearer ';

/** The token of a call; undefined if it brings none. @throws GatehouseError `caller_unauthenticated` when it brings several */
export function bearerToken(metadata: CallMetadata): string | undefined {
  const tokens = textsOf(metadata, 'authorization').flatMap((text) =>
    text.startsWith(BEARER) ? [text.slice(BEARER.length).trim()] : [],
  );
  if (tokens.length > 1) throw new GatehouseError('caller_unauthenticated', 'the call brings more than one token');
  return tokens[0];
}

/**
 * Holds a caller to the cluster that it says it is of (`ISTIO_META_CLUSTER_ID`); who says none is of ours, as Istio has it.
 *
 * @param ours  undefined: whatever it says, its token proves where it is from
 * @throws GatehouseError `caller_unauthenticated`
 */
export function checkClusterId(metadata: CallMetadata, ours: string | undefined): void {
  const foreign = textsOf(metadata, 'clusterid').find((each) => each !== '' && each !== ours);
  if (ours === undefined || foreign === undefined) return;
  throw new GatehouseError(
    'caller_unauthenticated',
    `the caller says that it is of cluster ${JSON.stringify(foreign)}, and ours is ${JSON.stringify(ours)} (attestation.kubernetes.clusterId)`,
  );
}

const textsOf = (metadata: CallMetadata, name: string): string[] =>
  metadata.get(name).flatMap((value) => (typeof value === 'string' ? [value] : []));
