/**
 * The filter that asks Gatehouse, for HTTP requests and for TCP connections.
 * @module
 */

import type { JsonObject } from '../json.ts';
import { askUnlessFound } from '../native.ts';
import { type SidecarOptions, seconds } from '../options.ts';
import { unlessDecided } from './asking-gate.ts';
import { EXT_AUTHZ_CLUSTER, httpService } from './http-ext-authz.ts';

/** Key of the node's metadata that holds the workload's labels; Istio's proxies use the same. */
export const LABELS_KEY = 'LABELS';

/** Asks about every HTTP request; anything but an allow in time is a refusal. */
export function httpExtAuthz(options: SidecarOptions): JsonObject {
  if (options.http === undefined) return grpcExtAuthz(options);
  const asking = { transport_api_version: 'V3', failure_mode_allow: false, ...httpService(options.http, options) };
  return httpFilter(asking, options.native);
}

/** The same by gRPC, whatever else there is. */
export const grpcExtAuthz = (options: Pick<SidecarOptions, 'native' | 'timeoutMs'>): JsonObject =>
  httpFilter({ ...common(options), encode_raw_headers: true }, options.native);

function httpFilter(asking: JsonObject, native: boolean): JsonObject {
  const filter = {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
      ...asking,
      status_on_error: { code: 'ServiceUnavailable' },
      validate_mutations: true,
    },
  };
  return native ? unlessDecided(filter) : filter;
}

/** Asks once for every TCP connection, when its first bytes arrive. */
export function tcpExtAuthz(options: SidecarOptions): JsonObject {
  return {
    name: 'envoy.filters.network.ext_authz',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz',
      ...common(options),
      ...(options.native ? askUnlessFound : {}),
      stat_prefix: 'gatehouse',
    },
  };
}

function common(options: Pick<SidecarOptions, 'timeoutMs'>): JsonObject {
  return {
    transport_api_version: 'V3',
    grpc_service: {
      envoy_grpc: { cluster_name: EXT_AUTHZ_CLUSTER },
      timeout: seconds(options.timeoutMs),
    },
    failure_mode_allow: false,
    include_peer_certificate: true,
    include_tls_session: true,
    bootstrap_metadata_labels_key: LABELS_KEY,
  };
}

/** Names the workload in each Check where no certificate of ours does it (a listener without mTLS). */
export function namedWorkload(
  options: Pick<SidecarOptions, 'spiffeId' | 'trustedHops'>,
  filter = 'envoy.filters.http.ext_authz',
): JsonObject {
  return {
    [filter]: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
      check_settings: {
        context_extensions: {
          'gatehouse.workload': options.spiffeId,
          ...(options.trustedHops === undefined ? {} : { 'gatehouse.trusted_hops': String(options.trustedHops) }),
        },
      },
    },
  };
}
