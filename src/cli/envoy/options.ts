/**
 * What a sidecar's bootstrap is made from.
 * @module
 */
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Address } from './address.ts';
/** A `google.protobuf.Duration` of whole milliseconds. */
export const seconds = (ms: number): string => `${ms / 1000}s`;

/** How a request's path is cleaned before it is asked about. */
export type PathCleaning = 'strict' | 'istio';

/** The listener that strangers reach: mTLS in, one Check a request (or connection), then the application. */
export interface Inbound {
  readonly listen: Address;
  readonly upstream: Address;
  /** What the application itself speaks; gRPC applications need `http2`. Without meaning for TCP. */
  readonly upstreamProtocol: 'http1' | 'http2';
  /** `mtls`, or `plain` for a gateway whose callers have no SPIFFE certificate. */
  readonly tls: 'mtls' | 'plain';
}

/** A plain listener on loopback for the application's own calls, which leave as mTLS to one known server. */
export interface Outbound {
  readonly listen: Address;
  readonly server: Address;
  /** The only identity that the server may show. */
  readonly serverId: SpiffeId;
}

/** How Checks are asked by HTTP. */
export interface HttpAsking {
  /** `/check/envoy/NAMESPACE/SERVICEACCOUNT`. */
  readonly path: string;
  /** `NAMESPACE/SERVICEACCOUNT`. */
  readonly workload: string;
  /** Lower-case names that policies read. */
  readonly headers: readonly string[];
  /** Lower-case names that the application gets. */
  readonly copied: readonly string[];
}

/** All that a sidecar's configuration is made of. */
export interface SidecarOptions {
  readonly spiffeId: SpiffeId;
  readonly trustDomain: TrustDomain;
  /** Sent with every Check, so that policies with a selector find their workload. */
  readonly labels: Readonly<Record<string, string>>;
  readonly protocol: 'http' | 'tcp';
  readonly inbound: Inbound | undefined;
  readonly outbound: readonly Outbound[];
  /** Gatehouse's socket for certificates and bundles. */
  readonly sds: Address;
  /** Gatehouse's address for Checks. */
  readonly extAuthz: Address;
  /** The identity that Gatehouse must show there; undefined where the connection is plain (loopback, unix socket). */
  readonly extAuthzId: SpiffeId | undefined;
  /** TCP: connect to the application before the caller is allowed, because it speaks first. */
  readonly serverSpeaksFirst: boolean;
  readonly timeoutMs: number;
  /** How long one connection may live, since a certificate is looked at only when it begins; 0 is for ever. */
  readonly maxConnectionMs: number;
  readonly paths: PathCleaning;
  /** Number of proxies in front whose X-Forwarded-For entries are believed; undefined for a sidecar. */
  readonly trustedHops: number | undefined;
  /** Callers of federated trust domains too. */
  readonly federated: boolean;
  readonly admin: Address | undefined;
  /** Requests that the policy decides plainly are decided in Envoy, without a Check. */
  readonly native: boolean;
  /** Where its policy comes from by mTLS, and who must answer there; undefined: from `sds`. */
  readonly xds: { readonly address: Address; readonly id: SpiffeId } | undefined;
  /** Where it tells by mTLS of what it has decided, and who must answer there; undefined: where its policy comes from. */
  readonly reports: { readonly address: Address; readonly id: SpiffeId } | undefined;
  /** A file, or `/dev/stdout`. */
  readonly accessLog: string;
  /** Undefined: by gRPC. */
  readonly http?: HttpAsking;
}
