/**
 * Makes the complete bootstrap of a sidecar: identity from Gatehouse by SDS, mTLS both ways, and a Check before anything
 * reaches the application. `docs/envoy.md` explains each line.
 * @module
 */
import { HOPS_KEY } from '../../authz/native/names.ts';
import { serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import { handshakeFailureLog } from './access-log.ts';
import { envoyAddress } from './address.ts';
import { applicationCluster, extAuthzCluster, nativeCluster, sdsCluster, serverCluster } from './clusters.ts';
import { LABELS_KEY } from './filters/ext-authz.ts';
import { inboundHttpChain, outboundHttp } from './http-connection.ts';
import type { Json, JsonObject } from './json.ts';
import { REPORTS_CLUSTER, XDS_CLUSTER } from './native.ts';
import type { Inbound, Outbound, SidecarOptions } from './options.ts';
import { inboundTcp, outboundTcp } from './tcp-proxy.ts';
import { downstreamTls } from './tls.ts';

const APPLICATION = 'application';

/** Pages of Envoy's admin listener that only read, with or without a query; it offers no others, also none below these. */
const ADMIN_PAGES = [
  'certs',
  'clusters',
  'config_dump',
  'listeners',
  'memory',
  'ready',
  'server_info',
  'stats',
  'stats/prometheus',
];

/** `envoy.config.bootstrap.v3.Bootstrap` as JSON; pure, the same for the same options. */
export function generateBootstrap(options: SidecarOptions): JsonObject {
  const { inbound, outbound } = options;
  return {
    node: node(options),
    ...(options.admin === undefined ? {} : { admin: admin(envoyAddress(options.admin)) }),
    static_resources: {
      listeners: [
        ...(inbound ? [inboundListener(options, inbound)] : []),
        ...outbound.map((each, index) => outboundListener(options, each, serverName(index))),
      ],
      clusters: [
        sdsCluster(options),
        ...(inbound ? [extAuthzCluster(options), applicationCluster(options, inbound, APPLICATION)] : []),
        ...(options.xds ? [nativeCluster(options, XDS_CLUSTER, options.xds)] : []),
        ...(options.reports ? [nativeCluster(options, REPORTS_CLUSTER, options.reports)] : []),
        ...outbound.map((each, index) => serverCluster(options, each, serverName(index))),
      ],
    },
    overload_manager: overloadManager,
  };
}

function node(options: SidecarOptions): JsonObject {
  const account = serviceAccountOf(options.spiffeId);
  return {
    id: options.spiffeId,
    cluster: account ? `${account.serviceAccount}.${account.namespace}` : options.spiffeId,
    metadata: {
      [LABELS_KEY]: options.labels,
      ...(options.native && options.trustedHops !== undefined ? { [HOPS_KEY]: String(options.trustedHops) } : {}),
    },
  };
}

function admin(address: JsonObject): JsonObject {
  return { address, allow_paths: [{ safe_regex: { regex: `/(${ADMIN_PAGES.join('|')})([?].*)?` } }] };
}

function inboundListener(options: SidecarOptions, inbound: Inbound): JsonObject {
  const http = options.protocol === 'http';
  return {
    name: 'inbound',
    address: envoyAddress(inbound.listen),
    traffic_direction: 'INBOUND',
    per_connection_buffer_limit_bytes: 32_768,
    access_log: [handshakeFailureLog(options.accessLog)],
    filter_chains: [
      {
        ...(inbound.tls === 'mtls' ? { transport_socket: downstreamTls(options) } : {}),
        transport_socket_connect_timeout: '10s',
        filters: http ? inboundHttpChain(options, inbound, APPLICATION) : inboundTcp(options, APPLICATION),
      },
    ],
  };
}

function outboundListener(options: SidecarOptions, outbound: Outbound, name: string): JsonObject {
  return {
    name,
    address: envoyAddress(outbound.listen),
    traffic_direction: 'OUTBOUND',
    filter_chains: [
      { filters: [options.protocol === 'http' ? outboundHttp(options, name) : outboundTcp(options, name)] },
    ],
  };
}

const serverName = (index: number): string => `outbound_${index}`;

/** Connections beyond this many are closed instead of taking all memory. */
const overloadManager: Json = {
  resource_monitors: [
    {
      name: 'envoy.resource_monitors.global_downstream_max_connections',
      typed_config: {
        '@type':
          'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
        max_active_downstream_connections: 50_000,
      },
    },
  ],
};
