/**
 * Finds every HTTP connection manager of a configuration, wherever it stands: in static and dynamic listeners (those that come and go too),
 * in any filter chain, in an API listener, delivered alone by ECDS, written plainly or as a `TypedStruct`.
 * @module
 */
import { type Json, type JsonObject, object, objectsAt, textAt } from './json.ts';

/** An HTTP connection manager, and where it stands. */
export interface PlacedManager {
  readonly manager: JsonObject;
  /** E.g. `listeners[inbound].filter_chains[0].filters[1]`. */
  readonly where: string;
}

/** Looks through a whole `/config_dump`; what stands in it twice (the bootstrap holds all static listeners) is told once. */
export function everyManager(dump: Json): readonly PlacedManager[] {
  const found = objectsAt(dump, 'configs').flatMap((config) => managersIn(config, ''));
  return [...new Map(found.map((each) => [`${each.where} ${JSON.stringify(each.manager)}`, each])).values()];
}

function managersIn(value: Json, where: string): readonly PlacedManager[] {
  if (Array.isArray(value))
    return value.flatMap((each: Json, index) =>
      managersIn(each, `${where}[${where.endsWith('.filters') ? index : label(each, index)}]`),
    );
  const here = object(value);
  const type = textAt(here, '@type');
  const isStruct = type.endsWith('.TypedStruct');
  if (`${isStruct ? textAt(here, 'type_url') : type}`.endsWith('.HttpConnectionManager')) {
    return [{ manager: isStruct ? object(here['value']) : here, where }];
  }
  return Object.entries(here).flatMap(([key, inner]) => {
    if (type.endsWith('.EnvoyMobileHttpConnectionManager') && key === 'config') {
      return [{ manager: object(inner), where }];
    }
    return managersIn(inner, below(where, key, inner));
  });
}

/** Steps that only wrap are not told; a listener begins the path anew. */
function below(where: string, key: string, inner: Json): string {
  if (key === 'listener') return `listeners[${textAt(inner, 'name')}]`;
  if (wrappers.has(key)) return where;
  return where === '' ? key : `${where}.${key}`;
}

const wrappers = new Set([
  'bootstrap',
  'static_resources',
  'static_listeners',
  'dynamic_listeners',
  'typed_config',
  'config',
]);

const label = (value: Json, index: number): string => textAt(value, 'name') || String(index);
