/**
 * What mutants came to, for people.
 * @module
 */
import type { Mutant, MutantRun } from './run-mutants.ts';

/** Renders a run: what nobody noticed, each with the request that would have; then the score. Ends with a newline. */
export function mutantsText({ mutants, left, score }: MutantRun, failUnder: number): string {
  const of = (result: Mutant['result']): readonly Mutant[] => mutants.filter((each) => each.result === result);
  const [noticed, unnoticed, equal, unknown] = (['noticed', 'unnoticed', 'equal', 'unknown'] as const).map(of) as [
    readonly Mutant[],
    readonly Mutant[],
    readonly Mutant[],
    readonly Mutant[],
  ]; // one each
  const low = score < failUnder ? `, which is less than ${failUnder}%` : '';
  return [
    ...[...unnoticed, ...unknown].map(mutantText),
    `${noticed.length} of ${noticed.length + unnoticed.length + unknown.length} changes were noticed (${score}%${low})\n`,
    ...(equal.length === 0 ? [] : [`${equal.length} more mean the same: no request is decided otherwise\n`]),
    ...(left === 0 ? [] : [`${left} were not tried\n`]),
  ].join('');
}

function mutantText({ result, kind, what, policy, rule, file, line, test, why }: Mutant): string {
  const head = `${result === 'unknown' ? 'nobody can say' : 'no test notices'}: ${policy}${rule === null ? '' : ` rule ${rule}`} ${kind}: ${what} (${file}:${line})\n`;
  const request =
    test === undefined
      ? ''
      : `  would: ${JSON.stringify(test.request)}${test.token === undefined ? '' : ` with ${JSON.stringify(test.token)}`}: ${test.expect.decision}\n`;
  return `${head}${request}${why === undefined ? '' : `  ${why}\n`}`;
}
