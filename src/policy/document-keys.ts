/**
 * What names the documents of a file.
 * @module
 */

interface Keyed {
  readonly key: string;
}

const known = new WeakMap<readonly Keyed[], ReadonlySet<string>>();

/** The keys of documents, fewer than documents if one has a twin; files are read once and joined again and again. */
export function keysOf(documents: readonly Keyed[]): ReadonlySet<string> {
  let keys = known.get(documents);
  if (keys === undefined) {
    keys = new Set(documents.map(({ key }) => key));
    known.set(documents, keys);
  }
  return keys;
}
