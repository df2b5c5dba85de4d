/**
 * Reads JSON of which nothing is certain: what is absent or of another kind is undefined or empty, never an exception.
 * @module
 */

/** A value of parsed JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** An object of parsed JSON. */
export type JsonObject = { readonly [key: string]: Json };

/** The value at a path of keys. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let here = value;
  for (const key of path) here = Object.hasOwn(object(here), key) ? object(here)[key] : undefined;
  return here;
}

/** The object, or an empty one. */
export function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The object at a path; undefined if there is none. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject | undefined {
  const found = at(value, ...path);
  return isObject(found) ? found : undefined;
}

/** The objects of a list at a path. */
export function objectsAt(value: Json | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** The string at a path; `''` if there is none. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** Whether the value at a path is true. */
export function isTrueAt(value: Json | undefined, ...path: readonly string[]): boolean {
  return at(value, ...path) === true;
}

/** The number at a path. Protobuf's JSON writes 64-bit numbers as strings. */
export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  if (typeof found === 'number') return found;
  return typeof found === 'string' && found !== '' && Number.isFinite(Number(found)) ? Number(found) : undefined;
}

/** Seconds of a duration as protobuf's JSON writes it (`1.5s`). */
export function secondsAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const match = /^([0-9.]+)s$/.exec(textAt(value, ...path));
  return match ? Number(match[1]) : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
