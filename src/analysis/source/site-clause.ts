/**
 * Where a clause of a site rule stands in its file. Its fields say by themselves which one a clause is of.
 * @module
 */
import { clauseField } from '../../policy/dialects/site/clause-field.ts';
import { createReporter } from '../../policy/documents/finding.ts';
import type { Position } from '../../policy/documents/position.ts';
import type { Value } from '../../policy/documents/value.ts';
import { parseChunk } from '../../policy/documents/yaml/parse.ts';
import { splitDocuments } from '../../policy/documents/yaml/split.ts';
import type { Atom } from '../../policy/model.ts';
import { pathToPlace, type ValuePath, valueAt } from './open-document.ts';

/** A value of a file, and its path from the root of its document. */
export interface SiteClause {
  readonly path: ValuePath;
  readonly value: Value;
}

/** Finds the value that makes a clause of the rule at a place; undefined if none in the file does. */
export function siteClause(text: string, rule: Position, atom: Atom): SiteClause | undefined {
  const report = createReporter(rule.file);
  const chunk = splitDocuments(text).chunks.findLast(({ line }) => line <= rule.line);
  const root = chunk && parseChunk(chunk, report);
  const at = root && pathToPlace(root, rule);
  const written = root && at && valueAt(root, at);
  const field = written?.is === 'map' ? clauseField(written, atom) : undefined;
  const value = field === undefined ? undefined : written && valueAt(written, [field]);
  return at === undefined || field === undefined || value === undefined ? undefined : { path: [...at, field], value };
}
