/**
 * What names the documents of a file, and which of them have one name.
 * @module
 */

import type { Place, Reporter } from './documents/finding.ts';

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

interface Named extends Keyed {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly place: Place;
}

/** Reports every document of a file whose name an earlier one has. */
export function reportTwins(documents: readonly Named[], report: Reporter): void {
  if (keysOf(documents).size === documents.length) return;
  const lines = new Map<string, number>();
  for (const { kind, namespace, name, key, place } of documents) {
    if (name === '') continue;
    const line = lines.get(key);
    if (line === undefined) {
      lines.set(key, place.line);
      continue;
    }
    const id = namespace === '' ? name : `${namespace}/${name}`;
    const { file } = report;
    const message = `${kind} ${id} stands at ${file}:${line} already, and again at ${file}:${place.line}`;
    report.error(place, 'duplicate-document', 'metadata.name', message, 'rename or remove one of them');
  }
}
