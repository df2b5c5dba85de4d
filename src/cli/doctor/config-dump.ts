/**
 * Takes Envoy's `/config_dump` apart: whatever came by bootstrap or xDS, in one shape.
 * @module
 */
import { everyManager, type PlacedManager } from './every-manager.ts';
import { at, type Json, type JsonObject, object, objectAt, objectsAt, textAt } from './json.ts';

/** The parts of a `/config_dump` that are examined. */
export interface EnvoyConfig {
  readonly listeners: readonly JsonObject[];
  readonly clusters: ReadonlyMap<string, JsonObject>;
  /** Route configurations by name. */
  readonly routes: ReadonlyMap<string, JsonObject>;
  /** Secrets by name, keys redacted. */
  readonly secrets: ReadonlyMap<string, JsonObject>;
  readonly bootstrap: JsonObject;
  /** All of them, also of listeners that strangers do not reach. */
  readonly managers: readonly PlacedManager[];
}

/** Reads the answer of `/config_dump`. What it does not hold is absent. */
export function readConfigDump(dump: Json): EnvoyConfig {
  const configs = objectsAt(dump, 'configs');
  const of = (kind: string) => configs.filter((config) => textAt(config, '@type').endsWith(`.${kind}`));
  const pick = (kind: string, lists: readonly string[], ...inside: readonly string[]) =>
    of(kind).flatMap((config) =>
      lists.flatMap((list) =>
        objectsAt(config, list)
          .map((each) => objectAt(each, ...inside))
          .filter((each) => each !== undefined),
      ),
    );
  return {
    listeners: [
      ...pick('ListenersConfigDump', ['static_listeners'], 'listener'),
      ...of('ListenersConfigDump')
        .flatMap((config) => objectsAt(config, 'dynamic_listeners'))
        .map((each) => objectAt(each, 'active_state', 'listener') ?? objectAt(each, 'warming_state', 'listener'))
        .filter((each) => each !== undefined),
    ],
    clusters: byName(pick('ClustersConfigDump', ['static_clusters', 'dynamic_active_clusters'], 'cluster')),
    routes: byName(pick('RoutesConfigDump', ['static_route_configs', 'dynamic_route_configs'], 'route_config')),
    secrets: byName(pick('SecretsConfigDump', ['static_secrets', 'dynamic_active_secrets'], 'secret')),
    bootstrap: objectAt(of('BootstrapConfigDump')[0], 'bootstrap') ?? {},
    managers: everyManager(dump),
  };
}

function byName(objects: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  return new Map(objects.map((each) => [textAt(each, 'name'), each]));
}

/** The content of an `Any` field. */
export interface TypedConfig {
  /** The message's name without its package, e.g. `HttpConnectionManager`. */
  readonly type: string;
  readonly value: JsonObject;
}

/** An `Any` field as type and content; a `TypedStruct` (as Istio's EnvoyFilter writes) is unwrapped. */
export function typedConfig(holder: Json | undefined, field = 'typed_config'): TypedConfig {
  const any = object(at(holder, field));
  const url = textAt(any, '@type');
  if (url.endsWith('.TypedStruct')) return { type: lastPart(textAt(any, 'type_url')), value: object(at(any, 'value')) };
  return { type: lastPart(url), value: any };
}

const lastPart = (typeUrl: string): string =>
  typeUrl.slice(Math.max(typeUrl.lastIndexOf('.'), typeUrl.lastIndexOf('/')) + 1);
