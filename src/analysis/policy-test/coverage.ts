/**
 * Which rules the tests of a set of policies exercise.
 * @module
 */
import { nameOf } from '../../authz/answer/respond.ts';
import type { Position } from '../../policy/documents/position.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { TestResult } from './run-test.ts';

/** How often one rule was met. */
export interface RuleCoverage {
  readonly policy: string;
  readonly kind: string;
  readonly rule: number;
  readonly file: string;
  readonly line: number;
  /** Tests in which the rule decided its stage, and in which it held at all. */
  readonly decided: number;
  readonly held: number;
}

/** How much of the model the tests reach. */
export interface Coverage {
  readonly rules: readonly RuleCoverage[];
  /** Rules that decide in at least one test, in per cent of all; 100 if there are none. */
  readonly percent: number;
}

/** Counts over every rule of the model; a rule that stands in several planes is one. */
export function coverageOf(model: PolicyModel, results: readonly TestResult[]): Coverage {
  const decided = countOf(results.map((result) => result.decided));
  const held = countOf(results.map((result) => result.held));
  const rules = new Map<string, RuleCoverage>();
  for (const stage of model.planes.flatMap(({ stages }) => stages)) {
    if (!('name' in stage)) continue;
    for (const { ref, rules: some } of stage.policies) {
      for (const { index, position } of some) {
        const key = keyOf(position);
        const { file, line } = position;
        rules.set(key, {
          policy: nameOf(ref) ?? '',
          kind: ref.kind,
          rule: index,
          file,
          line,
          decided: decided.get(key) ?? 0,
          held: held.get(key) ?? 0,
        });
      }
    }
  }
  const all = [...rules.values()];
  const covered = all.filter((rule) => rule.decided > 0).length;
  return { rules: all, percent: all.length === 0 ? 100 : Math.floor((covered * 1000) / all.length) / 10 };
}

const keyOf = ({ file, line, column }: Position): string => `${file}:${line}:${column}`;

/** In how many tests each place occurs. */
function countOf(places: readonly (readonly Position[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const some of places) for (const key of new Set(some.map(keyOf))) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
