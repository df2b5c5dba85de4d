/**
 * Examines routes: any of them may say that it is not asked about.
 * @module
 */
import { typedConfig } from './config-dump.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { isTrueAt, type JsonObject, object, objectAt, objectsAt, textAt } from './json.ts';

/** @param filterName  name of the ext_authz filter, by which routes override it */
export function examineRoutes(
  routes: JsonObject | undefined,
  filterName: string,
  where: string,
): readonly DoctorFinding[] {
  if (routes === undefined) {
    const message =
      'its routes are not in the dump (scoped or not yet loaded), so a route that skips the filter is not seen';
    return [finding('inexact', 'routes_unseen', where, message, '# ask again when its routes are loaded')];
  }
  const top = `routes[${textAt(routes, 'name')}]`;
  const findings = [...examineMatching(routes, top)];
  const look = (holder: JsonObject, here: string) => findings.push(...examineOverride(holder, filterName, here));
  look(routes, top);
  for (const host of objectsAt(routes, 'virtual_hosts')) {
    const inHost = `${top}.virtual_hosts[${textAt(host, 'name')}]`;
    look(host, inHost);
    for (const [index, route] of objectsAt(host, 'routes').entries()) {
      const inRoute = `${inHost}.routes[${textAt(route, 'name') || index}]`;
      look(route, inRoute);
      for (const cluster of objectsAt(route, 'route', 'weighted_clusters', 'clusters')) {
        look(cluster, `${inRoute}.weighted_clusters[${textAt(cluster, 'name')}]`);
      }
    }
  }
  return findings;
}

function examineOverride(holder: JsonObject, filterName: string, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const overrides = objectAt(holder, 'typed_per_filter_config');
  for (const name of Object.keys(object(overrides))) {
    const { type, value } = typedConfig(overrides, name);
    if (name === filterName && type === 'ExtensionWithMatcherPerRoute') {
      const message = 'this route has a matcher of its own, which may leave out the question';
      const fix = '# remove ExtensionWithMatcherPerRoute';
      findings.push(finding('fail-open', 'route_skips_check', `${where}.typed_per_filter_config`, message, fix));
    }
    const ours = type === 'ExtAuthzPerRoute' || (type === 'FilterConfig' && name === filterName);
    if (!ours) continue;
    const inner = type === 'FilterConfig' ? typedConfig(value, 'config').value : value;
    const here = `${where}.typed_per_filter_config`;
    if (isTrueAt(value, 'disabled') || isTrueAt(inner, 'disabled')) {
      findings.push(
        finding(
          'fail-open',
          'route_skips_check',
          here,
          'what takes this route is not asked about',
          '# remove disabled: true',
        ),
      );
    }
    const settings = objectAt(inner, 'check_settings');
    if (objectAt(settings, 'grpc_service') ?? objectAt(settings, 'http_service')) {
      findings.push(
        finding(
          'inexact',
          'route_asks_another',
          here,
          'this route asks another server',
          '# remove grpc_service and http_service',
        ),
      );
    }
  }
  return findings;
}

function examineMatching(routes: JsonObject, where: string): readonly DoctorFinding[] {
  if (!isTrueAt(routes, 'ignore_path_parameters_in_path_matching')) return [];
  const message = 'routes are chosen without the path’s ;parameters, which policies do see';
  const fix = 'ignore_path_parameters_in_path_matching: false';
  return [finding('inexact', 'path_parameters', where, message, fix)];
}
