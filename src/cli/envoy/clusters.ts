/**
 * Where a sidecar sends things: Gatehouse's two doors, the application, and the servers that it calls.
 * @module
 */
import { type Address, envoyAddress, isName } from './address.ts';
import { EXT_AUTHZ_CLUSTER } from './filters/http-ext-authz.ts';
import type { JsonObject } from './json.ts';
import type { Inbound, Outbound, SidecarOptions } from './options.ts';
import { SDS_CLUSTER, upstreamTls } from './tls.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Envoy's own default of 1,024 requests at a time makes errors of the rest, and an error here is a refusal. */
const LIMIT = 100_000;

/** Certificates and bundles. */
export function sdsCluster(options: SidecarOptions): JsonObject {
  return { ...cluster(SDS_CLUSTER, options.sds), ...protocol({ explicit_http_config: grpcOptions }) };
}

/** Checks. */
export function extAuthzCluster(options: SidecarOptions): JsonObject {
  return {
    ...cluster(EXT_AUTHZ_CLUSTER, options.extAuthz),
    ...protocol({ explicit_http_config: options.http === undefined ? grpcOptions : { http_protocol_options: {} } }),
    ...(options.extAuthzId === undefined ? {} : { transport_socket: upstreamTls(options, options.extAuthzId) }),
  };
}

/** A door of Gatehouse's for Envoys that decide themselves, where it is not the socket of certificates. */
export function nativeCluster(
  options: SidecarOptions,
  name: string,
  { address, id }: NonNullable<SidecarOptions['xds']>,
): JsonObject {
  return {
    ...cluster(name, address),
    ...protocol({ explicit_http_config: grpcOptions }),
    transport_socket: upstreamTls(options, id),
  };
}

/** The application behind the sidecar. */
export function applicationCluster(options: SidecarOptions, inbound: Inbound, name: string): JsonObject {
  const spoken = inbound.upstreamProtocol === 'http2' ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  return {
    ...cluster(name, inbound.upstream),
    ...(options.protocol === 'http' ? protocol({ explicit_http_config: spoken }) : {}),
  };
}

/** A server behind its own sidecar. */
export function serverCluster(options: SidecarOptions, outbound: Outbound, name: string): JsonObject {
  const either = { http_protocol_options: {}, http2_protocol_options: {} };
  return {
    ...cluster(name, outbound.server),
    ...(options.protocol === 'http' ? protocol({ auto_config: either }) : {}),
    transport_socket: upstreamTls(options, outbound.serverId),
  };
}

/** A cluster that speaks gRPC, over a transport of its own. */
export const grpcCluster = (name: string, address: Address, transport: JsonObject): JsonObject => ({
  ...cluster(name, address),
  ...protocol({ explicit_http_config: grpcOptions }),
  ...transport,
});

const grpcOptions: JsonObject = {
  http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '5s' } },
};

function cluster(name: string, address: Address): JsonObject {
  const thresholds = ['DEFAULT', 'HIGH'].map((priority) => ({
    priority,
    max_connections: LIMIT,
    max_pending_requests: LIMIT,
    max_requests: LIMIT,
    max_retries: LIMIT,
  }));
  return {
    name,
    type: isName(address) ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '1s',
    circuit_breakers: { thresholds },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: envoyAddress(address) } }] }],
    },
  };
}

function protocol(config: JsonObject): JsonObject {
  return {
    typed_extension_protocol_options: { [HTTP_OPTIONS]: { '@type': `type.googleapis.com/${HTTP_OPTIONS}`, ...config } },
  };
}
