/**
 * A run of policy tests as a person reads it: what failed and why, then which rules no test decides.
 * @module
 */
import type { RuleCoverage } from '../../../analysis/policy-test/coverage.ts';
import type { TestResult } from '../../../analysis/policy-test/run-test.ts';
import { explanationText, place } from '../explain/explanation-text.ts';
import type { TestRun } from './run-files.ts';

/** How much of a run is shown. */
export interface TextOptions {
  readonly minCoverage: number;
  readonly verbose: boolean;
}

/** Renders a run; ends with a newline. */
export function testRunText(
  { files, passed, failed, coverage }: TestRun,
  { minCoverage, verbose }: TextOptions,
): string {
  const several = files.length > 1;
  const results = files.flatMap(({ file, tests }) => [
    ...(several && (verbose || tests.some((test) => !test.passed)) ? [`${file}\n`] : []),
    ...tests.filter((test) => verbose || !test.passed).map(resultText),
  ]);
  const uncovered = coverage.rules.filter(({ decided }) => decided === 0);
  const shown = verbose ? coverage.rules : uncovered;
  const covered = coverage.rules.length - uncovered.length;
  const low = coverage.percent < minCoverage ? `, which is less than ${minCoverage}%` : '';
  return [
    ...results,
    ...(results.length > 0 ? ['\n'] : []),
    `${passed} passed, ${failed} failed\n`,
    `${covered} of ${coverage.rules.length} rules decided a test (${coverage.percent}%${low})\n`,
    ...shown.map(coverageText),
  ].join('');
}

function resultText({ name, passed, differences, explanation }: TestResult): string {
  if (passed) return `ok    ${name}\n`;
  const width = Math.max(...differences.map(({ of }) => of.length));
  const wrong = differences.map(
    ({ of, want, got }) => `      ${of.padEnd(width)}  expected ${want}\n      ${''.padEnd(width)}  but was  ${got}\n`,
  );
  const why = explanation === undefined ? '' : `${explanationText(explanation).replace(/^(?=.)/gm, '      | ')}`;
  return `FAIL  ${name}\n${wrong.join('')}${why}\n`;
}

function coverageText({ policy, kind, rule, file, line, decided, held }: RuleCoverage): string {
  const count = decided > 0 ? `decided ${decided}` : held > 0 ? `held in ${held}, decided none` : 'no test touches it';
  return `  ${policy} rule ${rule} (${kind})  ${place(file, line)}  ${count}\n`;
}
