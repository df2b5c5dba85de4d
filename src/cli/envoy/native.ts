/**
 * Filters by which an Envoy decides itself what the policy says plainly, and asks for the rest; `docs/native.md` explains them.
 *
 * The static part never changes: policies come by ECDS, and until they have come everything asks.
 * @module
 */
import {
  ASK,
  AUDIT_PREFIX,
  DECIDED,
  decidedKey,
  FILTER_CHAIN,
  foundKey,
  NETWORK_RBAC_METADATA,
  NOTHING,
  POLICY_PREFIX,
  RBAC_METADATA,
  REVOCATIONS_PREFIX,
  REVOKED,
  resourceNames,
  stateFormats,
  stateKeys,
} from '../../authz/native/names.ts';
import type { JsonObject } from './json.ts';
import type { SidecarOptions } from './options.ts';
import { SDS_CLUSTER, sdsConfig } from './tls.ts';

/** The cluster that serves policies by mTLS. */
export const XDS_CLUSTER = 'gatehouse_xds';

/** The cluster that is told by mTLS of what was decided. */
export const REPORTS_CLUSTER = 'gatehouse_reports';

/** Where an Envoy tells; undefined: where its certificates come from. */
export const reportsCluster = ({ reports, xds }: Pick<SidecarOptions, 'reports' | 'xds'>): string | undefined =>
  reports === undefined ? xds && XDS_CLUSTER : REPORTS_CLUSTER;

const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';

const FILTER_STATE = 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config';

const NETWORK_RBAC = 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC';

/** What everything is called that was decided before anything was delivered. */
const NOT_YET = `${ASK}not-yet`;

/**
 * Stands before the connection manager: what a caller's certificate shows is the same for all requests of a connection. The handshake is
 * over before any of them is read, and where there is none the caller has no certificate.
 */
export const connectionFacts: JsonObject = {
  name: 'gatehouse.connection',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config',
    on_new_connection: [stateValue([stateKeys.serial, NOTHING])],
    on_downstream_tls_handshake: [stateValue([stateKeys.serial, stateFormats[stateKeys.serial]])],
  },
};

/** All filters of requests before the one that asks, in their order; `connectionFacts` stands before them. */
export function nativeFilters(cluster: string = SDS_CLUSTER): readonly JsonObject[] {
  return [
    deliveredAs(FILTER_STATE, cluster, resourceNames.request, nothingKnown, [FILTER_CHAIN]),
    // Where tokens are verified the policy comes with jwt_authn around it, as one.
    delivered(cluster, resourceNames.policy, { rules_stat_prefix: POLICY_PREFIX, matcher: askAlways }, [FILTER_CHAIN]),
    delivered(cluster, resourceNames.marks, { rules_stat_prefix: AUDIT_PREFIX }, [FILTER_CHAIN]),
  ];
}

/** What was made of revocations, as a log has it. */
export const revocationFound = `%FILTER_STATE(${stateKeys.revocation}:PLAIN)%`;

/**
 * The same for connections. What the policy has found is overwritten by the filter of revocations where it means the caller: metadata
 * is all that ext_authz can be switched by, and of it by one key.
 */
export function nativeTcpFilters(cluster: string = SDS_CLUSTER): readonly JsonObject[] {
  const byDefault = (stat_prefix: string): JsonObject => ({
    ...{ stat_prefix, matcher: askAlways, shadow_matcher: askAlways, shadow_rules_stat_prefix: POLICY_PREFIX },
  });
  return [
    {
      name: 'gatehouse.facts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config',
        on_new_connection: [stateValue([stateKeys.transport, 'tls'])],
        on_downstream_tls_handshake: [stateValue([stateKeys.serial, stateFormats[stateKeys.serial]])],
      },
    },
    deliveredAs(NETWORK_RBAC, cluster, resourceNames.network, byDefault('gatehouse')),
    deliveredAs(NETWORK_RBAC, cluster, resourceNames.networkRevocations, byDefault('gatehouse_revocations')),
  ];
}

/** The name of the action that a filter of connections has found. */
export const connectionFoundBy = (prefix: string): string =>
  `%DYNAMIC_METADATA(${NETWORK_RBAC_METADATA}:${foundKey(prefix)})%`;

/** Of ext_authz: asks unless the policy has decided. Inverted, so that what is not there asks. */
export const askUnlessDecided = unlessDecided(RBAC_METADATA, decidedKey(POLICY_PREFIX));

/** The same for connections. */
export const askUnlessFound = unlessDecided(NETWORK_RBAC_METADATA, foundKey(POLICY_PREFIX));

function unlessDecided(filter: string, key: string): JsonObject {
  const value = { string_match: { prefix: DECIDED } };
  return { filter_enabled_metadata: { filter, path: [{ key }], value, invert: true } };
}

/** Makes every policy ask (`guarded-policy.ts`). */
const nothingKnown: JsonObject = { on_request_headers: [stateValue([stateKeys.revocation, NOT_YET])] };

const askAlways: JsonObject = {
  on_no_match: {
    action: {
      name: 'envoy.filters.rbac.action',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action',
        name: NOT_YET,
        action: 'ALLOW',
      },
    },
  },
};

/** Tells Gatehouse of what was decided here, and of nothing else: what was asked about is known there. */
export function reportDecided(cluster: string = SDS_CLUSTER): JsonObject {
  const where = (prefix: string, value: JsonObject) => whereFound(RBAC_METADATA, decidedKey(prefix), value);
  const filters = [where(POLICY_PREFIX, { prefix: DECIDED }), where(REVOCATIONS_PREFIX, { exact: REVOKED })];
  return {
    name: 'envoy.access_loggers.http_grpc',
    filter: { or_filter: { filters } },
    typed_config: { '@type': `${GRPC_LOGS}.HttpGrpcAccessLogConfig`, common_config: reportsTo(cluster) },
  };
}

/** The same of connections. */
export function reportDecidedConnections(cluster: string = SDS_CLUSTER): JsonObject {
  return {
    name: 'envoy.access_loggers.tcp_grpc',
    filter: whereFound(NETWORK_RBAC_METADATA, foundKey(POLICY_PREFIX), { prefix: DECIDED }),
    typed_config: { '@type': `${GRPC_LOGS}.TcpGrpcAccessLogConfig`, common_config: reportsTo(cluster) },
  };
}

const GRPC_LOGS = 'type.googleapis.com/envoy.extensions.access_loggers.grpc.v3';

const whereFound = (filter: string, key: string, string_match: JsonObject): JsonObject => ({
  metadata_filter: { matcher: { filter, path: [{ key }], value: { string_match } }, match_if_key_not_found: false },
});

/** Each message costs Gatehouse a wake-up. Where lines come slowly the interval sends them, and this much is what an Envoy keeps meanwhile. */
const MOST_BUFFERED = 65_536;

const reportsTo = (cluster: string): JsonObject => ({
  log_name: 'gatehouse',
  transport_api_version: 'V3',
  grpc_service: { envoy_grpc: { cluster_name: cluster } },
  buffer_flush_interval: '1s',
  buffer_size_bytes: MOST_BUFFERED,
});

const delivered = (cluster: string, name: string, byDefault: JsonObject, otherTypes: readonly string[] = []) =>
  deliveredAs(RBAC, cluster, name, byDefault, otherTypes);

/** A filter whose configuration comes by ECDS, and which serves by its default until then. */
function deliveredAs(
  type: string,
  cluster: string,
  name: string,
  byDefault: JsonObject,
  otherTypes: readonly string[] = [],
): JsonObject {
  return {
    name,
    config_discovery: {
      config_source: sdsConfig(cluster),
      default_config: { '@type': type, ...byDefault },
      apply_default_config_without_warming: true,
      type_urls: [type, ...otherTypes],
    },
  };
}

function stateValue([object_key, inline_string]: readonly [key: string, format: string]): JsonObject {
  return {
    object_key,
    factory_key: 'envoy.string',
    format_string: { text_format_source: { inline_string } },
  };
}
