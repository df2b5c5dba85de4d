/**
 * Examines a chain without TLS whose Envoy decides itself: what it asks about names the workload by the configuration alone.
 * @module
 */
import { typedConfig } from './config-dump.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { type JsonObject, objectAt, objectsAt, textAt } from './json.ts';

const KEY = 'gatehouse.workload';

/**
 * @param own  what the Envoy calls itself, by which its policy is chosen; another name than a SPIFFE ID says nothing
 * @param filterName  name of the filter that asks, by which routes give it its settings
 */
export function examinePlainNative(
  routes: JsonObject | undefined,
  filterName: string,
  own: string,
  where: string,
): readonly DoctorFinding[] {
  if (routes === undefined) return []; // which is said where routes are examined
  const hosts = objectsAt(routes, 'virtual_hosts');
  return [...new Set(hosts.flatMap((host) => namesOf([routes, host], filterName)))].flatMap((name) => {
    if (name === '') {
      const message = `no certificate says whose requests these are, and the question does not name the workload either: what the tree hands over is denied`;
      const fix = `typed_per_filter_config: { ${filterName}: { …, check_settings: { context_extensions: { ${KEY}: ${own || 'spiffe://…'} } } } }`;
      return [finding('fragile', 'native_workload_unnamed', where, message, fix)];
    }
    if (!own.startsWith('spiffe://') || name === own) return [];
    const message = `the tree is that of ${own}, and what it hands over is asked about for ${name}: two policies decide`;
    return [finding('inexact', 'native_workload_other', where, message, `context_extensions: { ${KEY}: ${own} }`)];
  });
}

/** What the routes of a host name; a nearer holder's settings stand in the place of the others'. */
function namesOf([routes, host]: readonly [JsonObject, JsonObject], filterName: string): readonly string[] {
  const nameIn = (holder: JsonObject): string | undefined => {
    const { value } = typedConfig(objectAt(holder, 'typed_per_filter_config') ?? {}, filterName);
    const settings = objectAt(value, 'check_settings');
    return settings && textAt(settings, 'context_extensions', KEY);
  };
  const around = nameIn(host) || nameIn(routes) || '';
  return objectsAt(host, 'routes').map((route) => nameIn(route) || around);
}
