/**
 * mTLS on both sides, with certificate and trust bundle from Gatehouse by SDS.
 * @module
 */
import { idOfTrustDomain, type SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { JsonObject } from './json.ts';
import type { SidecarOptions } from './options.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

/** The cluster that serves secrets. */
export const SDS_CLUSTER = 'gatehouse_sds';

/** Server side: a caller without a certificate of our trust domain does not get as far as a request. */
export function downstreamTls(options: SidecarOptions): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TYPE}.DownstreamTlsContext`,
      require_client_certificate: true,
      disable_stateless_session_resumption: true,
      disable_stateful_session_resumption: true,
      common_tls_context: {
        ...commonTls(options, callers(options)),
        ...(options.protocol === 'http' ? { alpn_protocols: ['h2', 'http/1.1'] } : {}),
      },
    },
  };
}

/** Client side: the server must show exactly `serverId`. */
export function upstreamTls(options: SidecarOptions, serverId: SpiffeId): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TYPE}.UpstreamTlsContext`,
      max_session_keys: 0,
      common_tls_context: commonTls(options, { exact: serverId }),
    },
  };
}

function commonTls(options: SidecarOptions, peer: JsonObject): JsonObject {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    tls_certificate_sds_secret_configs: [{ name: options.spiffeId, sds_config: sdsConfig() }],
    combined_validation_context: {
      default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: peer }] },
      validation_context_sds_secret_config: {
        name: options.federated ? 'ALL' : idOfTrustDomain(options.trustDomain),
        sds_config: sdsConfig(),
      },
    },
  };
}

function callers(options: SidecarOptions): JsonObject {
  return { prefix: options.federated ? 'spiffe://' : `${idOfTrustDomain(options.trustDomain)}/` };
}

/** Over Gatehouse's socket. Waits for the first answer as long as it takes: no secret, no listener. */
export function sdsConfig(cluster = SDS_CLUSTER): JsonObject {
  return {
    resource_api_version: 'V3',
    initial_fetch_timeout: '0s',
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [
        {
          envoy_grpc: {
            cluster_name: cluster,
            retry_policy: { retry_back_off: { base_interval: '0.25s', max_interval: '5s' } },
          },
        },
      ],
    },
  };
}
