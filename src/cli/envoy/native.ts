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
  POLICY_PREFIX,
  RBAC_METADATA,
  REVOCATIONS_PREFIX,
  REVOKED,
  resourceNames,
  stateKeys,
} from '../../authz/native/names.ts';
import type { JsonObject } from './json.ts';
import { SDS_CLUSTER, sdsConfig } from './tls.ts';

/** The cluster that serves policies by mTLS. */
export const XDS_CLUSTER = 'gatehouse_xds';

/** The cluster that is told by mTLS of what was decided. */
export const REPORTS_CLUSTER = 'gatehouse_reports';

const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';

/** All filters before the one that asks, in their order. */
export function nativeFilters(cluster: string = SDS_CLUSTER): readonly JsonObject[] {
  return [
    filterState('gatehouse.facts', [
      [stateKeys.path, '%PATH(NQ:PATH)%'],
      [stateKeys.request, '%REQ(:METHOD)%\n%PATH(NQ:PATH)%'],
      [stateKeys.serial, '%DOWNSTREAM_PEER_SERIAL%'],
    ]),
    delivered(cluster, resourceNames.revocations, { rules_stat_prefix: REVOCATIONS_PREFIX, matcher: askAlways }),
    // Each filter judges alone: the next one reads what this one did.
    filterState('gatehouse.revocation', [[stateKeys.revocation, decidedBy(REVOCATIONS_PREFIX)]]),
    // Where tokens are verified the policy comes with jwt_authn around it, as one.
    delivered(cluster, resourceNames.policy, { rules_stat_prefix: POLICY_PREFIX, matcher: askAlways }, [FILTER_CHAIN]),
    delivered(cluster, resourceNames.audit, { rules_stat_prefix: AUDIT_PREFIX }),
  ];
}

/** The name of the action that decided, as a log or another filter has it. */
export const decidedBy = (prefix: string): string => `%DYNAMIC_METADATA(${RBAC_METADATA}:${decidedKey(prefix)})%`;

/** Of ext_authz: asks unless the policy has decided. Inverted, so that what is not there asks. */
export const askUnlessDecided: JsonObject = {
  filter_enabled_metadata: {
    filter: RBAC_METADATA,
    path: [{ key: decidedKey(POLICY_PREFIX) }],
    value: { string_match: { prefix: DECIDED } },
    invert: true,
  },
};

const askAlways: JsonObject = {
  on_no_match: {
    action: {
      name: 'envoy.filters.rbac.action',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action',
        name: `${ASK}not-yet`,
        action: 'ALLOW',
      },
    },
  },
};

/** Tells Gatehouse of what was decided here, and of nothing else: what was asked about is known there. */
export function reportDecided(cluster: string = SDS_CLUSTER): JsonObject {
  const where = (prefix: string, value: JsonObject): JsonObject => ({
    metadata_filter: {
      matcher: { filter: RBAC_METADATA, path: [{ key: decidedKey(prefix) }], value: { string_match: value } },
      match_if_key_not_found: false,
    },
  });
  const filters = [where(POLICY_PREFIX, { prefix: DECIDED }), where(REVOCATIONS_PREFIX, { exact: REVOKED })];
  return {
    name: 'envoy.access_loggers.http_grpc',
    filter: { or_filter: { filters } },
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig',
      common_config: {
        log_name: 'gatehouse',
        transport_api_version: 'V3',
        grpc_service: { envoy_grpc: { cluster_name: cluster } },
        buffer_flush_interval: '1s',
      },
    },
  };
}

/** A filter whose configuration comes by ECDS, and which serves by its default until then. */
function delivered(
  cluster: string,
  name: string,
  byDefault: JsonObject,
  otherTypes: readonly string[] = [],
): JsonObject {
  return {
    name,
    config_discovery: {
      config_source: sdsConfig(cluster),
      default_config: { '@type': RBAC, ...byDefault },
      apply_default_config_without_warming: true,
      type_urls: [RBAC, ...otherTypes],
    },
  };
}

function filterState(name: string, values: readonly (readonly [key: string, format: string])[]): JsonObject {
  return {
    name,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
      on_request_headers: values.map(([object_key, inline_string]) => ({
        object_key,
        factory_key: 'envoy.string',
        format_string: { text_format_source: { inline_string } },
      })),
    },
  };
}
