/**
 * Reads a selector field of a document.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import type { Value } from '../../documents/value.ts';
import type { LabelExpr } from '../../meaning/labels.ts';
import { parseSelector } from './selector.ts';

/** A selector as it was read. */
export interface ReadSelector {
  readonly expr: LabelExpr;
  /** It is `global()`. */
  readonly global: boolean;
}

const MAX_CHARACTERS = 1024;

/** Reads a selector; undefined if the field is absent or empty, or wrong (the finding names the column in it). */
export function readSelector(
  value: Value | undefined,
  path: string,
  report: Reporter,
  global?: 'global-allowed',
): ReadSelector | undefined {
  if (value?.is !== 'text' || value.text === '') return undefined;
  if (value.text.length > MAX_CHARACTERS) {
    report.error(
      value,
      'selector-too-long',
      path,
      `a selector may have ${MAX_CHARACTERS} characters, this one has ${value.text.length}`,
      'shorten it, or label what it means',
    );
    return undefined;
  }
  const parsed = parseSelector(value.text);
  if (!parsed.ok) {
    const message = `the selector ${JSON.stringify(value.text)} is wrong at column ${parsed.column}: ${parsed.message}`;
    report.error(value, 'selector-syntax', path, message, "write e.g. app == 'web' && has(tier)");
    return undefined;
  }
  if (parsed.global && global === undefined) {
    report.error(
      value,
      'selector-global',
      path,
      'global() is a word of namespaceSelector in a rule',
      'use all(), or move it to the namespaceSelector of a source or destination',
    );
    return undefined;
  }
  return parsed;
}
