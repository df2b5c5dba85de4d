/**
 * Holds what an EnvoyFilter patches in to Envoy's own rules, which Istio does not look at.
 * @module
 */
import { keepsRules } from '../bootstrap-rules.ts';
import { type EnvoyFilterOptions, envoyParts } from './envoy-filter.ts';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

/** @throws GatehouseError `config_invalid`, naming each field and the rule that it breaks */
export function keepsRulesOfParts(options: EnvoyFilterOptions): void {
  const { clusters, httpFilters, accessLog, perFilterConfig } = envoyParts(options);
  const router = { name: 'router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } };
  const host = { name: 'inbound', domains: ['*'], typed_per_filter_config: perFilterConfig };
  const manager = {
    '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'inbound',
    http_filters: [...httpFilters, router],
    access_log: [accessLog],
    route_config: { virtual_hosts: [host] },
  };
  const chain = { filters: [{ name: 'manager', typed_config: manager }] };
  const address = { socket_address: { address: '127.0.0.1', port_value: 15_006 } };
  keepsRules({
    static_resources: { clusters, listeners: [{ name: 'virtualInbound', address, filter_chains: [chain] }] },
  });
}
