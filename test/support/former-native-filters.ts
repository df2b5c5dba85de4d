/**
 * The filters of Envoys that decide themselves as `envoy bootstrap --native` printed them before `gatehouse.facts` was delivered: the
 * configurations that are out there go on to work.
 * @module
 */

const typed = (type: string, fields: object): object => ({ '@type': `type.googleapis.com/envoy.${type}`, ...fields });

const RBAC = 'extensions.filters.http.rbac.v3.RBAC';

const askAlways = {
  on_no_match: {
    action: {
      name: 'envoy.filters.rbac.action',
      typed_config: typed('config.rbac.v3.Action', { name: 'ask:not-yet', action: 'ALLOW' }),
    },
  },
};

const stateFilter = (name: string, values: Readonly<Record<string, string>>): object => ({
  name,
  typed_config: typed('extensions.filters.http.set_filter_state.v3.Config', {
    on_request_headers: Object.entries(values).map(([object_key, inline_string]) => ({
      ...{ object_key, factory_key: 'envoy.string' },
      format_string: { text_format_source: { inline_string } },
    })),
  }),
});

/** @param cluster  where configurations come from */
export function formerNativeFilters(cluster = 'gatehouse_sds'): readonly object[] {
  const delivered = (name: string, byDefault: object, ...more: string[]): object => ({
    name,
    config_discovery: {
      config_source: {
        resource_api_version: 'V3',
        api_config_source: {
          ...{ api_type: 'GRPC', transport_api_version: 'V3', set_node_on_first_message_only: true },
          grpc_services: [{ envoy_grpc: { cluster_name: cluster } }],
        },
      },
      default_config: typed(RBAC, byDefault),
      apply_default_config_without_warming: true,
      type_urls: [`type.googleapis.com/envoy.${RBAC}`, ...more],
    },
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
    delivered(
      'gatehouse.policy',
      { rules_stat_prefix: 'gh_', matcher: askAlways },
      'type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig',
    ),
    delivered('gatehouse.audit', { rules_stat_prefix: 'gha_' }),
  ];
}
