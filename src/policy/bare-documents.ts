/**
 * Files of which everything is read: documents without apiVersion and kind, and what was not written to its end.
 * @module
 */
import type { BareDocument, BareReader } from './dialects/kind-table.ts';
import type { Finding, Reporter } from './documents/finding.ts';
import { textAt, type Value } from './documents/value.ts';
import { guarded } from './guarded.ts';

interface ReadBare extends BareDocument {
  readonly namespace: string;
  readonly key: string;
  readonly isPolicy: boolean;
}

/** It names a kind; resources of Azure have an `apiVersion` too, and a `type` of their provider. */
export const isTyped = (value: Value): boolean =>
  value.is === 'map' &&
  (value.entries.has('apiVersion') || value.entries.has('kind')) &&
  !/^microsoft\./i.test(textAt(value, 'type') ?? '');

/** The documents of a value that names no kind. */
export function bareDocuments(value: Value, bare: BareReader, report: Reporter): readonly ReadBare[] {
  const documents = guarded(value, report, () => bare.read(value, report)) ?? [];
  return documents.map((document) => {
    const { dialect, kind, name } = document;
    return { ...document, namespace: '', key: `${dialect}/${kind}//${name}`, isPolicy: true };
  });
}

/** What is cut in the middle is wrong in many ways at once: one of them is told. */
export function cutShort(findings: readonly Finding[]): readonly Finding[] {
  const first = findings.find(({ severity }) => severity === 'error');
  if (first === undefined) return findings;
  const message = `the file is cut short, or broken here: ${first.message}`;
  return [{ ...first, message, fix: 'write or print it again' }];
}

/** A file of nothing is one that was not written to its end. */
export function reportNothing(report: Reporter): void {
  if (report.findings.length > 0) return;
  const message = 'there is no document in this file';
  report.error({ line: 1, column: 1 }, 'not-a-document', '', message, 'write it again, or take it away');
}
