/**
 * What an author applied and the cluster does not hold: the API server cuts out what its schema does not know, which can make a policy wider.
 * @module
 */
import { isJsonObject } from './json-object.ts';

/** More are not told. */
const MOST = 10;

/**
 * The paths below `spec` that were applied and are not stored, e.g. `spec.rules[0].form`.
 *
 * Only what is missing counts: what the server filled in or wrote otherwise is no loss. Empty lists, maps and nulls say as much as nothing.
 */
export function cutFields(applied: unknown, stored: unknown): readonly string[] {
  const out: string[] = [];
  if (isJsonObject(applied) && isJsonObject(stored)) compare(applied['spec'], stored['spec'], 'spec', out);
  return out.slice(0, MOST);
}

function compare(applied: unknown, stored: unknown, path: string, out: string[]): void {
  if (isEmpty(applied)) return;
  if (stored === undefined || stored === null) out.push(path);
  else if (Array.isArray(applied) && Array.isArray(stored))
    for (const [i, item] of applied.entries()) compare(item, stored[i], `${path}[${i}]`, out);
  else if (isJsonObject(applied) && isJsonObject(stored))
    for (const [name, value] of Object.entries(applied))
      compare(value, Object.hasOwn(stored, name) ? stored[name] : undefined, `${path}.${name}`, out);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.values(value).every(isEmpty);
}
