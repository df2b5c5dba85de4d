/**
 * Documents of one name in several files. Pure.
 * @module
 */
import { keysOf } from './document-keys.ts';
import type { Finding } from './documents/finding.ts';
import { otherRule, withOthers } from './documents/other-rule.ts';
import { isObjectPlace, placeText } from './documents/position.ts';
import type { PolicyFile, ReadDocument } from './read-policies.ts';

/** A document, and the file that it stands in. */
interface Placed {
  readonly file: PolicyFile;
  readonly document: ReadDocument;
}

/** Two documents of one name in different files; the later one is at fault. */
export interface Duplicate extends Placed {
  readonly other: Placed;
}

/** The documents that an earlier file has already with other content; of a file and a cluster, also with the same. */
export function duplicatesAmong(files: readonly PolicyFile[]): readonly Duplicate[] {
  return repeatedAmong(files).filter(
    ({ file, document, other }) =>
      isObjectPlace(file.file) !== isObjectPlace(other.file.file) || !sayTheSame(document, other.document),
  );
}

/** The documents that an earlier file has already, whatever they say. */
export function repeatedAmong(files: readonly PolicyFile[]): readonly Duplicate[] {
  const shared = sharedKeys(files);
  if (shared.size === 0) return [];
  const seen = new Map<string, Placed>();
  const out: Duplicate[] = [];
  for (const file of files) {
    for (const document of file.documents) {
      if (!shared.has(document.key)) continue;
      const other = seen.get(document.key);
      if (other === undefined) seen.set(document.key, { file, document });
      else out.push({ file, document, other });
    }
  }
  return out;
}

/** The keys that more than one document has. */
function sharedKeys(files: readonly PolicyFile[]): ReadonlySet<string> {
  const shared = new Set<string>();
  const seen = new Set<string>();
  const [largest, ...others] = files.toSorted((a, b) => b.documents.length - a.documents.length);
  if (largest === undefined) return shared;
  const first = keysOf(largest.documents);
  for (const file of others) {
    for (const key of keysOf(file.documents)) (first.has(key) || seen.has(key) ? shared : seen).add(key);
  }
  for (const { documents } of files) {
    if (keysOf(documents).size === documents.length) continue;
    const own = new Set<string>();
    for (const { key } of documents) (own.has(key) ? shared : own).add(key);
  }
  return shared;
}

const places = new Set(['position', 'file', 'line', 'column']);

/** Whether two documents of one name mean the same, wherever they stand. */
export function sayTheSame(a: ReadDocument, b: ReadDocument): boolean {
  const meaning = ({ contribution }: ReadDocument): string | undefined =>
    JSON.stringify(contribution, (key, value: unknown) => (places.has(key) ? undefined : value));
  return a.contribution !== undefined && a.contribution.to !== 'calico' && meaning(a) === meaning(b);
}

/** Names both places. */
export function duplicateFinding({ file, document, other }: Duplicate): Finding {
  const { kind, namespace, name, place } = document;
  const placeOf = (one: Placed): string => placeText({ file: one.file.file, line: one.document.place.line });
  const first = placeOf(other);
  const id = namespace === '' ? name : `${namespace}/${name}`;
  return {
    file: file.file,
    ...place,
    severity: 'error',
    code: 'duplicate-document',
    path: 'metadata.name',
    message: `${kind} ${id} stands at ${first} already, and again at ${placeOf({ file, document })}`,
    fix: 'rename or remove one of them',
    ...withOthers([otherRule(other.document, { file: other.file.file, ...other.document.place })]),
  };
}

/** The finding of a document that says what the other one says: it harms nobody. */
export const asCopy = (finding: Finding): Finding => ({
  ...finding,
  severity: 'warning',
  code: 'duplicate-copy',
  fix: 'remove one of them; they say the same',
});
