/**
 * Reads one object of a cluster as a file that holds one document.
 * @module
 */
import { createReporter, hasErrors } from '../documents/finding.ts';
import { readIgnores } from '../documents/ignore.ts';
import { objectPlace } from '../documents/position.ts';
import { guarded } from '../guarded.ts';
import { newReading, type PolicyFile, type ReadOptions, readValue } from '../read-policies.ts';
import { at, type JsonObject } from './json-object.ts';
import { placedJson, placedText } from './placed-json.ts';

/**
 * Reads an object. Nothing in a cluster is a template, and nothing is skipped.
 *
 * @param cut  paths of fields that were applied and are not stored
 */
export function readObject(object: JsonObject, options: ReadOptions, cut: readonly string[] = []): PolicyFile {
  const { kind, name, namespace } = namesOf(object);
  const file = objectPlace(kind, namespace, name);
  const report = createReporter(file, { forClusters: 'warning' });
  const reading = newReading(report, options);
  guarded({ line: 1, column: 1 }, report, () => {
    readValue(placedJson(object), reading, undefined, 0);
    if (at(object, 'metadata', 'annotations') !== undefined)
      reading.ignores.push(...readIgnores({ text: placedText(object), line: 1 }, reading.envelopes, report));
  });
  for (const path of cut)
    report.warning(
      { line: 1, column: 1 },
      'field-not-stored',
      path,
      'this was applied, and the cluster does not hold it: its schema does not know the field, or it was taken out since',
      'mend the field, update the CustomResourceDefinition, or apply the document anew (--validate=strict)',
    );
  const { documents, skipped, ignores } = reading;
  const { findings } = report;
  return { file, documents, findings, hasErrors: hasErrors(findings), skipped, ignores };
}

/** What names an object. */
export function namesOf(object: JsonObject): {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
} {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    kind: text(object['kind']),
    namespace: text(at(object, 'metadata', 'namespace')),
    name: text(at(object, 'metadata', 'name')),
  };
}
