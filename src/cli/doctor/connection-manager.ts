/**
 * Examines an HTTP connection manager: what it does to a request before it is asked about, and which ways lead past the question.
 * @module
 */

import { askingConfig, examineMatcher } from './asking/asking-filter.ts';
import { examineHttpExtAuthz } from './asking/ext-authz.ts';
import { examineRefusedConnections } from './asking/refused-connections.ts';
import { type EnvoyConfig, typedConfig } from './config-dump.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { at, isTrueAt, type JsonObject, numberAt, objectAt, objectsAt, textAt } from './json.ts';
import { examineNative, isNative } from './native.ts';
import type { PlacedFilters } from './native-facts.ts';
import { examinePlainNative } from './native-plain.ts';
import { examineRoutes } from './routes.ts';

/** Filters that can change a request after it was asked about. */
const CHANGING = new Set([
  'Lua',
  'LuaPerRoute',
  'Wasm',
  'ExternalProcessor',
  'HeaderMutation',
  'Config',
  'DynamicModuleFilter',
]);

/**
 * @param chain  whether a network filter has asked already, which sees no request; whether callers come without TLS; the network filters before
 */
export function examineConnectionManager(
  config: EnvoyConfig,
  manager: JsonObject,
  where: string,
  { asked, isPlain, around }: { readonly asked: boolean; readonly isPlain: boolean; readonly around: PlacedFilters },
): readonly DoctorFinding[] {
  const filters = objectsAt(manager, 'http_filters');
  const index = filters.findIndex((each) => askingConfig(each) !== undefined);
  const filter = filters[index];
  const asking = filter && askingConfig(filter);
  const common = [...examinePaths(manager, where), ...examineClaims(manager, where)];
  if (filter === undefined || asking === undefined) {
    const message = asked
      ? 'only the connection is asked about, not its requests: policies on methods, paths and headers cannot hold'
      : 'requests are routed without asking Gatehouse';
    return [
      finding('fail-open', 'no_check', where, message, 'http_filters: [{ name: envoy.filters.http.ext_authz, … }, …]'),
      ...common,
    ];
  }
  const here = `${where}.http_filters[${index}]`;
  const routes = routesOf(config, manager);
  const name = textAt(filter, 'name');
  const isOurs = isNative(asking);
  return [
    ...examineMatcher(filter, here),
    ...examineHttpExtAuthz(config, asking, here),
    ...(isOurs ? examineNative(filters, index, routes, { where, around }) : []),
    ...(isOurs && isPlain ? examinePlainNative(routes, name, textAt(config.bootstrap, 'node', 'id'), where) : []),
    ...(isPlain ? [] : examineRefusedConnections(filters, index, where)),
    ...examinePlace(filters, index, where),
    ...examineUpgrades(manager, where),
    ...examineRoutes(routes, name, where),
    ...common,
  ];
}

/** Whether the filter is there for every request, and last to see it as it goes on. */
function examinePlace(filters: readonly JsonObject[], index: number, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const here = `${where}.http_filters[${index}]`;
  if (isTrueAt(filters[index], 'disabled')) {
    findings.push(
      finding(
        'fail-open',
        'filter_disabled',
        here,
        'the filter is off wherever a route does not turn it on',
        'disabled: false',
      ),
    );
  }
  for (const [at_, filter] of filters.entries()) {
    if (at_ <= index || !CHANGING.has(typedConfig(filter).type)) continue;
    const message = `${textAt(filter, 'name')} runs after the question and can change what was allowed`;
    findings.push(
      finding(
        'inexact',
        'changed_after_check',
        `${where}.http_filters[${at_}]`,
        message,
        '# move it before envoy.filters.http.ext_authz',
      ),
    );
  }
  return findings;
}

function examineUpgrades(manager: JsonObject, where: string): readonly DoctorFinding[] {
  return [...examineUpgradeFilters(manager, where), ...examineUpgradesOverHttp2(manager, where)];
}

/** By HTTP/2 an upgrade is a CONNECT, which a server must permit, or it ends the connection with all that it carries. */
function examineUpgradesOverHttp2(manager: JsonObject, where: string): readonly DoctorFinding[] {
  const upgrades = objectsAt(manager, 'upgrade_configs').filter((upgrade) => at(upgrade, 'enabled') !== false);
  if (upgrades.length === 0 || textAt(manager, 'codec_type') === 'HTTP1') return [];
  if (isTrueAt(manager, 'http2_protocol_options', 'allow_connect')) return [];
  const message =
    'an upgrade that another Envoy sends by HTTP/2 fails, and ends the connection with every other request on it';
  const fix = 'http2_protocol_options: { allow_connect: true }';
  return [finding('fragile', 'upgrades_not_by_http2', where, message, fix)];
}

/** An upgrade may bring a filter chain of its own. */
function examineUpgradeFilters(manager: JsonObject, where: string): readonly DoctorFinding[] {
  return objectsAt(manager, 'upgrade_configs')
    .filter((upgrade) => objectsAt(upgrade, 'filters').length > 0)
    .filter((upgrade) => !objectsAt(upgrade, 'filters').some((filter) => askingConfig(filter) !== undefined))
    .map((upgrade) => {
      const message = `requests that upgrade to ${textAt(upgrade, 'upgrade_type')} take filters of their own, which do not ask`;
      return finding(
        'fail-open',
        'upgrade_skips_check',
        `${where}.upgrade_configs`,
        message,
        '# remove filters from it',
      );
    });
}

function routesOf(config: EnvoyConfig, manager: JsonObject): JsonObject | undefined {
  return objectAt(manager, 'route_config') ?? config.routes.get(textAt(manager, 'rds', 'route_config_name'));
}

/** One resource must have one path, or a policy that names it can be dodged by another spelling. */
function examinePaths(manager: JsonObject, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const dodged = 'a policy on paths can be dodged by';
  if (!isTrueAt(manager, 'normalize_path')) {
    findings.push(
      finding('inexact', 'path_not_normalized', where, `${dodged} /x/../admin or %61dmin`, 'normalize_path: true'),
    );
  }
  if (!isTrueAt(manager, 'merge_slashes')) {
    findings.push(
      finding(
        'inexact',
        'slashes_not_merged',
        where,
        `${dodged} //admin, if the application merges slashes`,
        'merge_slashes: true',
      ),
    );
  }
  if (
    ['', 'KEEP_UNCHANGED', 'IMPLEMENTATION_SPECIFIC_DEFAULT'].includes(
      textAt(manager, 'path_with_escaped_slashes_action'),
    )
  ) {
    const message = `${dodged} %2fadmin, if the application decodes it`;
    findings.push(
      finding('inexact', 'escaped_slashes_kept', where, message, 'path_with_escaped_slashes_action: REJECT_REQUEST'),
    );
  }
  return findings;
}

/** What a caller may claim about itself. */
function examineClaims(manager: JsonObject, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const details = textAt(manager, 'forward_client_cert_details');
  if (/FORWARD/.test(details)) {
    const message = `${details}: an x-forwarded-client-cert that the caller wrote itself reaches policies and the application`;
    findings.push(
      finding('inexact', 'client_cert_header_forwarded', where, message, 'forward_client_cert_details: SANITIZE_SET'),
    );
  }
  if (at(manager, 'original_ip_detection_extensions') !== undefined) {
    const message =
      'an extension finds the client’s address, which Gatehouse is not told: remoteIpBlocks see X-Forwarded-For instead';
    findings.push(finding('inexact', 'address_by_extension', where, message, '# use xff_num_trusted_hops instead'));
  }
  const hops = numberAt(manager, 'xff_num_trusted_hops') ?? 0;
  if (hops > 0 && !JSON.stringify(manager).includes('gatehouse.trusted_hops')) {
    const message = `Envoy believes ${hops} proxies in front; Gatehouse must be told the same`;
    findings.push(
      finding('inexact', 'trusted_hops', where, message, `context_extensions: { gatehouse.trusted_hops: "${hops}" }`),
    );
  }
  if (at(manager, 'common_http_protocol_options', 'max_connection_duration') === undefined) {
    const message = 'a connection may outlive the certificate that it began with';
    findings.push(
      finding(
        'fragile',
        'connections_without_end',
        where,
        message,
        'common_http_protocol_options: { max_connection_duration: 3600s }',
      ),
    );
  }
  return findings;
}
