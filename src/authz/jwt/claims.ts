/**
 * The claims of a token as policies see them.
 *
 * Objects are maps, so that no claim name means anything to JavaScript. Strings are byte strings.
 * @module
 */

/** A value of a token's JSON. */
export type ClaimValue = string | number | boolean | null | readonly ClaimValue[] | Claims;

/** A JSON object. Of members that share a name the last one counts. */
export type Claims = ReadonlyMap<string, ClaimValue>;

const isList = (value: ClaimValue | undefined): value is readonly ClaimValue[] => Array.isArray(value);

/** The value at `path`, which goes through objects only; undefined if there is none. */
export function claimAt(claims: Claims, path: readonly string[]): ClaimValue | undefined {
  let value: ClaimValue | undefined = claims;
  for (const name of path) {
    if (!(value instanceof Map)) return undefined;
    value = (value as Claims).get(name);
  }
  return value;
}

/** The string at `path`, or the strings of the list there; empty if there is neither. */
export function claimStrings(claims: Claims, path: readonly string[]): readonly string[] {
  const value = claimAt(claims, path);
  if (typeof value === 'string') return [value];
  return isList(value) ? value.filter((element) => typeof element === 'string') : [];
}
