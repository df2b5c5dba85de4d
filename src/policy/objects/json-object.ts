/**
 * Reading JSON of which nothing is known.
 * @module
 */

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a field; an empty one if there is none. */
export function objectAt(of: JsonObject, name: string): JsonObject {
  const value = of[name];
  return isJsonObject(value) ? value : {};
}

/** The objects of the list at a field. */
export function listAt(of: JsonObject, name: string): readonly JsonObject[] {
  const value = of[name];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** What stands at a path of fields. */
export function at(of: unknown, ...path: readonly string[]): unknown {
  let value = of;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

/** The fields that have a value. */
export function present(of: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
}
