/**
 * What Istio accepts and an author most likely did not mean.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import type { MapValue, Value } from '../../documents/value.ts';
import type { Rule } from '../../model.ts';

export function lintRule(_rule: MapValue, _built: Rule, _action: string, _path: string, _report: Reporter): void {}
export function lintRules(
  _built: readonly Rule[],
  _rules: readonly Value[],
  _action: string,
  _report: Reporter,
): void {}
