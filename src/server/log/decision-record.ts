/**
 * A decision as the log and `/v1/decisions` show it.
 *
 * Headers, cookies and the query are never shown: that is where tokens travel, and policy matches the path without the query.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { KeptDecision } from '../../authz/kept-decision.ts';
import { nameOf } from '../../authz/respond.ts';
import type {
  AttributeContext_Peer,
  AttributeContext_Request,
} from '../../gen/envoy/service/auth/v3/attribute_context_pb.ts';
import { CheckRequestSchema } from '../../gen/envoy/service/auth/v3/external_auth_pb.ts';

export interface DecisionRecord {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly decision: 'allow' | 'deny';
  readonly reason: string;
  readonly plane?: string;
  /** The stage or tier that decided. */
  readonly stage?: string;
  readonly owner?: string;
  /** `namespace/name`. */
  readonly policy?: string;
  readonly rule?: number;
  readonly dryRun?: { readonly decision: 'allow' | 'deny'; readonly policy?: string };
  readonly snapshot: number;
  readonly destination?: { readonly spiffeId: string; readonly foundBy: string };
  readonly source?: { readonly principal: string; readonly address: string; readonly port: number };
  readonly request?: {
    readonly protocol: 'http' | 'tcp';
    readonly method?: string;
    readonly host?: string;
    readonly path?: string;
    /** Envoy's id of the request. */
    readonly requestId?: string;
  };
}

/** Renders one kept decision. A request that cannot be read is left out. */
export function decisionRecord({
  id,
  decidedAt,
  decision,
  destination,
  snapshot,
  request,
}: KeptDecision): DecisionRecord {
  const { effect, reason, plane, stage, owner, policy, rule, dryRun } = decision;
  return {
    id,
    at: new Date(decidedAt).toISOString(),
    decision: effect,
    reason,
    ...(plane && { plane }),
    ...(stage && { stage }),
    ...(owner && { owner }),
    ...(policy && { policy: nameOf(policy)! }),
    ...(rule !== undefined && { rule }),
    ...(dryRun && {
      dryRun: {
        decision: dryRun.effect,
        ...(dryRun.policy && { policy: nameOf(dryRun.policy)! }),
      },
    }),
    snapshot,
    ...(destination && { destination: { spiffeId: destination.spiffeId, foundBy: destination.foundBy } }),
    ...(request && describe(request)),
  };
}

const LONGEST = 512;
const short = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`);

function describe(bytes: Uint8Array): Pick<DecisionRecord, 'source' | 'request'> {
  try {
    const { attributes } = fromBinary(CheckRequestSchema, bytes);
    return {
      ...(attributes?.source && { source: sourceOf(attributes.source) }),
      request: requestOf(attributes?.request),
    };
  } catch {
    return {}; // what cannot be read was denied, and the reason says so
  }
}

function sourceOf({ principal, address }: AttributeContext_Peer): NonNullable<DecisionRecord['source']> {
  const socket = address?.address.case === 'socketAddress' ? address.address.value : undefined;
  return {
    principal: short(principal),
    address: socket?.address ?? '',
    port: socket?.portSpecifier.case === 'portValue' ? socket.portSpecifier.value : 0,
  };
}

function requestOf(request: AttributeContext_Request | undefined): NonNullable<DecisionRecord['request']> {
  const http = request?.http;
  if (http === undefined) return { protocol: 'tcp' };
  return {
    protocol: 'http',
    method: short(http.method),
    host: short(http.host),
    path: short(http.path.split(/[?#]/, 1)[0] ?? ''),
    ...(http.id !== '' && { requestId: short(http.id) }),
  };
}
