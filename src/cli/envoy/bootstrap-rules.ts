/**
 * Holds a bootstrap to Envoy's own rules, those that its protos write beside their fields.
 * @module
 */
import { createRegistry, fromJson } from '@bufbuild/protobuf';
import { GatehouseError } from '../../errors.ts';
import { BootstrapSchema } from '../../gen/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { file_envoy_config_rbac_v3_rbac as rbacAction } from '../../gen/envoy/config/rbac/v3/rbac_pb.ts';
import { file_envoy_extensions_access_loggers_file_v3_file as file } from '../../gen/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { file_envoy_extensions_access_loggers_filters_cel_v3_cel as cel } from '../../gen/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.ts';
import { file_envoy_extensions_access_loggers_grpc_v3_als as grpcLog } from '../../gen/envoy/extensions/access_loggers/grpc/v3/als_pb.ts';
import { file_envoy_extensions_access_loggers_stream_v3_stream as stream } from '../../gen/envoy/extensions/access_loggers/stream/v3/stream_pb.ts';
import { file_envoy_extensions_common_matching_v3_extension_matcher as withMatcher } from '../../gen/envoy/extensions/common/matching/v3/extension_matcher_pb.ts';
import { file_envoy_extensions_filters_common_matcher_action_v3_skip_action as skip } from '../../gen/envoy/extensions/filters/common/matcher/action/v3/skip_action_pb.ts';
import { file_envoy_extensions_filters_http_composite_v3_composite as composite } from '../../gen/envoy/extensions/filters/http/composite/v3/composite_pb.ts';
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz as httpExtAuthz } from '../../gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import { file_envoy_extensions_filters_http_lua_v3_lua as lua } from '../../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { file_envoy_extensions_filters_http_rbac_v3_rbac as httpRbac } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { file_envoy_extensions_filters_http_router_v3_router as router } from '../../gen/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state as filterState } from '../../gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.ts';
import { file_envoy_extensions_filters_network_ext_authz_v3_ext_authz as tcpExtAuthz } from '../../gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.ts';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager as manager } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { file_envoy_extensions_filters_network_rbac_v3_rbac as networkRbac } from '../../gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import { file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state as networkFilterState } from '../../gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.ts';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy as tcpProxy } from '../../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { file_envoy_extensions_http_early_header_mutation_header_mutation_v3_header_mutation as headerMutation } from '../../gen/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import { file_envoy_extensions_resource_monitors_downstream_connections_v3_downstream_connections as connections } from '../../gen/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.ts';
import { file_envoy_extensions_transport_sockets_tls_v3_tls as tls } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options as httpOptions } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { violations } from '../../transport/pgv/violations.ts';
import type { Json, JsonObject } from './json.ts';

/** Every `@type` that a bootstrap of ours holds. */
const types = createRegistry(
  ...[file, cel, stream, httpExtAuthz, router, tcpExtAuthz, manager, tcpProxy, headerMutation, connections, tls],
  ...[httpOptions, httpRbac, filterState, rbacAction, grpcLog, networkRbac, networkFilterState, lua],
  ...[withMatcher, composite, skip],
);

/**
 * Fields of today's Envoy that the protos do not have yet, and what stands in their place while the rest is checked. Nobody but
 * Envoy checks these.
 */
const newer: ReadonlyMap<string, JsonObject> = new Map([
  ['allow_paths', {}], // of Admin
  ['remove_on_match', { remove: 'x' }], // of HeaderMutation, which must hold one action
  ['http1_safe_max_connection_duration', {}], // of HttpConnectionManager
  ['upstream_connect_mode', {}], // of TcpProxy
  ['max_early_data_bytes', {}], // of TcpProxy
  ['on_downstream_tls_handshake', {}], // of the network filter set_filter_state
]);

/** Messages of today's Envoy that the protos do not have yet; likewise. */
const newerTypes: ReadonlySet<unknown> = new Set([
  'type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput',
  'type.googleapis.com/envoy.extensions.matching.input_matchers.metadata.v3.Metadata',
]);

const anyType: JsonObject = {
  '@type': 'type.googleapis.com/envoy.extensions.filters.common.matcher.action.v3.SkipFilter',
};

/**
 * Gives the bootstrap back if Envoy's rules hold for it and for each message that is packed in it.
 *
 * @throws GatehouseError `config_invalid`, naming each field and the rule that it breaks
 * @see protoc-gen-validate, `validate/validate.proto`
 */
export function keepsRules(bootstrap: JsonObject): JsonObject {
  const broken = brokenIn(bootstrap);
  if (broken.length === 0) return bootstrap;
  throw new GatehouseError('config_invalid', `Envoy would not take this bootstrap: ${broken.join('; ')}`, { broken });
}

function brokenIn(bootstrap: JsonObject): readonly string[] {
  try {
    const message = fromJson(BootstrapSchema, withoutNewer(bootstrap) as never, { registry: types }); // it is JSON
    return violations(BootstrapSchema, message, types);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]; // a name, a value or a type that the protos do not have
  }
}

function withoutNewer(json: Json): Json {
  if (isList(json)) return json.map(withoutNewer);
  if (typeof json !== 'object' || json === null) return json;
  if (newerTypes.has(json['@type'])) return anyType;
  const entries = Object.entries(json).map(([key, value]) => newer.get(key) ?? { [key]: withoutNewer(value) });
  return Object.assign({}, ...entries);
}

const isList = (json: Json): json is readonly Json[] => Array.isArray(json);
