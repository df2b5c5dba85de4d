/**
 * Where something was written.
 * @module
 */

/** Where something was written; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** How an object of a cluster is named where a file would be: `AuthorizationPolicy shop/api`, `Tier platform`. */
export function objectPlace(kind: string, namespace: string, name: string): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

/** A kind, a blank and names, or `*` for all of a kind; files of policies have endings, and those of a server begin with a slash. */
const objectForm = /^[A-Z][A-Za-z]+ (?:\*|(?:[a-z0-9][-a-z0-9]*\/)?[a-z0-9][^\s/]*)$/;

/** Whether something was written in a cluster and not in a file. */
export function isObjectPlace(file: string): boolean {
  return objectForm.test(file) && !/\.(?:ya?ml|json)$/.test(file);
}

/** Where something stands, for people: `FILE:LINE`, or what names the object, perhaps with the field. */
export function placeText({ file, line }: Pick<Position, 'file' | 'line'>, field = ''): string {
  if (!isObjectPlace(file)) return `${file}:${line}`;
  return field === '' ? file : `${file} ${field}`;
}
