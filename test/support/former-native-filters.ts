/**
 * The filters of Envoys that decide themselves as `envoy bootstrap --native` printed them before: the configurations that are out there go
 * on to work.
 * @module
 */

const typed = (type: string, fields: object): object => ({ '@type': `type.googleapis.com/envoy.${type}`, ...fields });

const RBAC = 'extensions.filters.http.rbac.v3.RBAC';
const FILTER_STATE = 'extensions.filters.http.set_filter_state.v3.Config';

const askAlways = {
  on_no_match: {
    action: {
      name: 'envoy.filters.rbac.action',
      typed_config: typed('config.rbac.v3.Action', { name: 'ask:not-yet', action: 'ALLOW' }),
    },
  },
};

const FILTER_CHAIN = 'type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';

const deliveredAs =
  (type: string, cluster: string) =>
  (name: string, byDefault: object, ...more: string[]): object => ({
    name,
    config_discovery: {
      config_source: {
        resource_api_version: 'V3',
        api_config_source: {
          ...{ api_type: 'GRPC', transport_api_version: 'V3', set_node_on_first_message_only: true },
          grpc_services: [{ envoy_grpc: { cluster_name: cluster } }],
        },
      },
      default_config: typed(type, byDefault),
      apply_default_config_without_warming: true,
      type_urls: [`type.googleapis.com/envoy.${type}`, ...more],
    },
  });

const states = (values: Readonly<Record<string, string>>): object => ({
  on_request_headers: Object.entries(values).map(([object_key, inline_string]) => ({
    ...{ object_key, factory_key: 'envoy.string' },
    format_string: { text_format_source: { inline_string } },
  })),
});

/** Before `gatehouse.facts` was delivered. @param cluster  where configurations come from */
export function formerNativeFilters(cluster = 'gatehouse_sds'): readonly object[] {
  const delivered = deliveredAs(RBAC, cluster);
  const stateFilter = (name: string, values: Readonly<Record<string, string>>): object => ({
    name,
    typed_config: typed(FILTER_STATE, states(values)),
  });
  return [
    stateFilter('gatehouse.facts', {
      'gh.path': '%PATH(NQ:PATH)%',
      'gh.request': '%REQ(:METHOD)%\n%PATH(NQ:PATH)%',
      'gh.serial': '%DOWNSTREAM_PEER_SERIAL%',
    }),
    delivered('gatehouse.revocations', { rules_stat_prefix: 'ghr_', matcher: askAlways }),
    stateFilter('gatehouse.revocation', {
      'gh.revocation': '%DYNAMIC_METADATA(envoy.filters.http.rbac:ghr_enforced_effective_policy_id)%',
    }),
    delivered('gatehouse.policy', { rules_stat_prefix: 'gh_', matcher: askAlways }, FILTER_CHAIN),
    delivered('gatehouse.audit', { rules_stat_prefix: 'gha_' }),
  ];
}

/** Before anything was filled in once for all requests of a connection. @param cluster  where configurations come from */
export function filtersBeforeConnections(cluster = 'gatehouse_sds'): readonly object[] {
  const delivered = deliveredAs(RBAC, cluster);
  const asking = states({ 'gh.revocation': 'ask:not-yet' });
  return [
    deliveredAs(FILTER_STATE, cluster)('gatehouse.facts', asking, FILTER_CHAIN),
    delivered('gatehouse.policy', { rules_stat_prefix: 'gh_', matcher: askAlways }, FILTER_CHAIN),
    delivered('gatehouse.marks', { rules_stat_prefix: 'gha_' }, FILTER_CHAIN),
  ];
}
