/**
 * Filter chains for protocols that Envoy does not read.
 * @module
 */
import { outboundAccessLog, tcpAccessLog } from './access-log.ts';
import { tcpExtAuthz } from './filters/ext-authz.ts';
import type { JsonObject } from './json.ts';
import { nativeTcpFilters, reportDecidedConnections, reportsCluster, XDS_CLUSTER } from './native.ts';
import { type SidecarOptions, seconds } from './options.ts';

/** Asks Gatehouse once, unless the policy has decided in Envoy, then carries bytes to the application. */
export function inboundTcp(options: SidecarOptions, cluster: string): readonly JsonObject[] {
  return [
    ...(options.native ? nativeTcpFilters(options.xds && XDS_CLUSTER) : []),
    tcpExtAuthz(options),
    proxy({
      stat_prefix: 'inbound',
      cluster,
      ...(options.serverSpeaksFirst ? {} : connectWhenAllowed),
      ...(options.maxConnectionMs > 0 ? { max_downstream_connection_duration: seconds(options.maxConnectionMs) } : {}),
      access_log: [
        tcpAccessLog(options.accessLog, options.native),
        ...(options.native ? [reportDecidedConnections(reportsCluster(options))] : []),
      ],
    }),
  ];
}

/** Carries bytes to one server. */
export function outboundTcp(options: SidecarOptions, cluster: string): JsonObject {
  return proxy({ stat_prefix: cluster, cluster, access_log: [outboundAccessLog(options.accessLog, 'tcp')] });
}

/**
 * The question is asked when the caller's first bytes arrive. Until then there is no connection to the application, whose
 * greeting a refused caller would otherwise read.
 */
const connectWhenAllowed: JsonObject = { upstream_connect_mode: 'ON_DOWNSTREAM_DATA', max_early_data_bytes: 65_536 };

function proxy(config: JsonObject): JsonObject {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      ...config,
    },
  };
}
