/**
 * Reads null as the server does that keeps a kind.
 *
 * A null field is an absent one. Further in, servers differ: where types of Go are filled, a null in a list or in a map of texts is
 * the empty value; where a schema is applied, a null in such a map is absent too, and one in a list is refused.
 * @module
 */
import { type Place, type Reporter, silentReporter } from './finding.ts';
import type { Shape } from './shape.ts';
import type { Entry, MapValue, Value } from './value.ts';

/** What reads the documents of a kind: types of the API server itself, or the schema of a custom resource. */
export type Server = 'types' | 'schema';

/** Fields whose maps hold texts, wherever they stand: there null is the empty text for the API server's own types. */
const textMaps: ReadonlySet<string> = new Set(['labels', 'annotations', 'matchLabels']);

interface Context {
  readonly server: Server;
  readonly report: Reporter;
}

/**
 * The document without its nulls, as its server reads it; the same value if it has none. Below `spec`, each is a warning: a field
 * without its value was most likely to have one. What no shape knows stays, to be refused as unknown.
 */
export function readNulls(root: MapValue, shape: Shape, server: Server, report: Reporter): MapValue {
  return inMap(root, shape, '', { server, report });
}

function inMap(map: MapValue, shape: Shape, path: string, context: Context): MapValue {
  let entries: Map<string, Entry> | undefined;
  for (const [key, { key: place, value }] of map.entries) {
    const field = fieldShape(shape, key);
    if (field === undefined || isLeaf(value)) continue;
    const fieldPath = path === '' ? key : `${path}.${key}`;
    const isText = shape.is === 'map' || textMaps.has(path.slice(path.lastIndexOf('.') + 1));
    const within = shape.is === 'anything' ? { ...context, report: silentReporter } : context; // of no policy
    const read =
      value.is === 'null' ? nullField(place, isText, fieldPath, within) : inValue(value, field, fieldPath, context);
    if (read === value) continue;
    entries ??= new Map(map.entries);
    if (read === undefined) entries.delete(key);
    else entries.set(key, { key: place, value: read });
  }
  return entries === undefined ? map : { ...map, entries };
}

/** A value that is no null and holds none. */
const isLeaf = ({ is }: Value): boolean => is === 'text' || is === 'number' || is === 'boolean';

/** Undefined: the map knows no such field. */
function fieldShape(shape: Shape, key: string): Shape | undefined {
  if (shape.is === 'object') return Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
  return shape.is === 'map' ? shape.of : shape;
}

function nullField(place: Place, isText: boolean, path: string, context: Context): Value | undefined {
  if (isText && (context.server === 'types' || path.startsWith('metadata.'))) {
    tell(place, path, 'as the empty text', context);
    return { is: 'text', ...place, text: '', size: 1 };
  }
  tell(place, path, 'as if the field were not there', context);
  return undefined;
}

function inValue(value: Value, shape: Shape, path: string, context: Context): Value {
  if (value.is === 'map') return inMap(value, shape, path, context);
  if (value.is !== 'list') return value;
  const of = shape.is === 'list' ? shape.of : shape;
  if (value.items.every(isLeaf)) return value;
  const items = value.items.map((item, i) =>
    item.is === 'null' ? nullItem(item, of, `${path}[${i}]`, context) : inValue(item, of, `${path}[${i}]`, context),
  );
  return items.every((item, i) => item === value.items[i]) ? value : { ...value, items };
}

function nullItem(item: Value, shape: Shape, path: string, context: Context): Value {
  if (context.server === 'schema') return item;
  const { line, column } = item;
  if (shape.is === 'text') {
    tell(item, path, 'as the empty text', context);
    return { is: 'text', line, column, text: '', size: 1 };
  }
  if (shape.is !== 'object') return item;
  tell(item, path, 'as {}', context);
  return { is: 'map', line, column, entries: new Map(), size: 1 };
}

function tell(place: Place, path: string, as: string, { report }: Context): void {
  if (!path.startsWith('spec.')) return;
  report.warning(
    place,
    'null-value',
    path,
    `${path} is null: Kubernetes reads it ${as}`,
    'write its value, or leave it out',
  );
}
