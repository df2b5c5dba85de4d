/**
 * HTTP connection managers: the strict one at the door, the plain one for the application's own calls.
 * @module
 */
import { httpAccessLog, outboundAccessLog } from './access-log.ts';
import { httpExtAuthz, namedWorkload } from './filters/ext-authz.ts';
import { endRefusedConnections } from './filters/refused-connection.ts';
import type { JsonObject } from './json.ts';
import { connectionFacts, nativeFilters, reportDecided, reportsCluster, XDS_CLUSTER } from './native.ts';
import { type Inbound, type PathCleaning, type SidecarOptions, seconds } from './options.ts';

const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** The filters of a chain: the connection manager, and before it what trees read of a connection. */
export const inboundHttpChain = (options: SidecarOptions, inbound: Inbound, cluster: string): readonly JsonObject[] => [
  ...(options.native ? [connectionFacts] : []),
  inboundHttp(options, inbound, cluster),
];

/** Cleans the request, forgets what callers claim about themselves, asks Gatehouse, then routes to the application. */
function inboundHttp(options: SidecarOptions, inbound: Inbound, cluster: string): JsonObject {
  const gateway = options.trustedHops !== undefined;
  return manager({
    stat_prefix: 'inbound',
    ...pathCleaning(options.paths),
    forward_client_cert_details: inbound.tls === 'mtls' ? 'SANITIZE_SET' : 'SANITIZE',
    ...(inbound.tls === 'mtls' ? { set_current_client_cert_details: { uri: true } } : {}),
    use_remote_address: gateway,
    ...(gateway ? { xff_num_trusted_hops: options.trustedHops } : {}),
    max_request_headers_kb: 60,
    request_headers_timeout: '10s',
    stream_idle_timeout: '300s',
    http2_protocol_options: {
      ...upgradesOverHttp2,
      max_concurrent_streams: 1024,
      initial_stream_window_size: 65_536,
      initial_connection_window_size: 1_048_576,
    },
    common_http_protocol_options: {
      max_headers_count: 100,
      idle_timeout: '300s',
      headers_with_underscores_action: options.paths === 'strict' ? 'REJECT_REQUEST' : 'ALLOW',
      ...(options.maxConnectionMs > 0 ? { max_connection_duration: seconds(options.maxConnectionMs) } : {}),
    },
    ...(options.maxConnectionMs > 0 ? { http1_safe_max_connection_duration: true } : {}),
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    access_log: [
      httpAccessLog(options.accessLog, options.native),
      ...(options.native ? [reportDecided(reportsCluster(options))] : []),
    ],
    http_filters: [
      ...(inbound.tls === 'mtls' ? [endRefusedConnections] : []),
      ...(options.native ? nativeFilters(options.xds && XDS_CLUSTER) : []),
      httpExtAuthz(options),
      router,
    ],
    route_config: {
      name: 'inbound',
      virtual_hosts: [
        {
          name: 'application',
          domains: ['*'],
          ...(inbound.tls === 'plain' ? { typed_per_filter_config: namedWorkload(options) } : {}),
          routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s' } }],
        },
      ],
    },
  });
}

/** Sends every request to one server. Retries only what certainly never reached the application. */
export function outboundHttp(options: SidecarOptions, cluster: string): JsonObject {
  const retry_policy = { retry_on: 'connect-failure,refused-stream,reset-before-request', num_retries: 2 };
  return manager({
    stat_prefix: cluster,
    http2_protocol_options: upgradesOverHttp2,
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    access_log: [outboundAccessLog(options.accessLog, 'http')],
    http_filters: [router],
    route_config: {
      name: cluster,
      virtual_hosts: [
        {
          name: cluster,
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s', retry_policy } }],
        },
      ],
    },
  });
}

/**
 * Between two sidecars an upgrade travels by HTTP/2 (RFC 8441), which a server must permit; `upgrade_configs` says which. A
 * request that is refused as malformed ends alone, not with all others of its connection.
 */
const upgradesOverHttp2: JsonObject = { allow_connect: true, override_stream_error_on_invalid_http_message: true };

/** A policy compares paths as text, so every path must reach it in one form only. */
function pathCleaning(paths: PathCleaning): JsonObject {
  return {
    normalize_path: true,
    merge_slashes: paths === 'strict',
    path_with_escaped_slashes_action: paths === 'strict' ? 'REJECT_REQUEST' : 'KEEP_UNCHANGED',
  };
}

/**
 * Takes away every `x-envoy-…` header that a caller wrote, before anything reads one.
 *
 * Nobody is internal (`internal_address_config` is absent, which alone means that), so Envoy obeys none of them; but it removes
 * only a few, takes the path of its log from another, and the application would believe the rest.
 */
const forgetEnvoyHeaders: JsonObject = {
  early_header_mutation_extensions: [
    {
      name: 'envoy.http.early_header_mutation.header_mutation',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
        mutations: [{ remove_on_match: { key_matcher: { prefix: 'x-envoy-' } } }],
      },
    },
  ],
};

const router: JsonObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

function manager(config: JsonObject): JsonObject {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: { '@type': MANAGER, codec_type: 'AUTO', ...forgetEnvoyHeaders, ...config },
  };
}
