/**
 * What names the documents of a file, and which of them have one name.
 * @module
 */

import type { Place, Reporter } from './documents/finding.ts';
import { otherRule, withOthers } from './documents/other-rule.ts';

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
  const places = new Map<string, Place>();
  for (const { kind, namespace, name, key, place } of documents) {
    if (name === '') continue;
    const first = places.get(key);
    if (first === undefined) {
      places.set(key, place);
      continue;
    }
    const id = namespace === '' ? name : `${namespace}/${name}`;
    const { file } = report;
    const message = `${kind} ${id} stands at ${file}:${first.line} already, and again at ${file}:${place.line}`;
    report.add({
      ...{ file, line: place.line, column: place.column, severity: 'error', code: 'duplicate-document' },
      ...{ path: 'metadata.name', message, fix: 'rename or remove one of them' },
      ...withOthers([otherRule({ kind, namespace, name }, { file, ...first })]),
    });
  }
}
