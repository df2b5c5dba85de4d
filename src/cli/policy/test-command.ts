/**
 * `gatehouse policy test`: unit tests of policies.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { ExitCode, Terminal } from '../terminal/terminal.ts';
import { defaultNamespaceOption } from './given-paths.ts';
import type { TestRunFlags } from './test/run-files.ts';

interface Flags extends TestRunFlags {
  readonly minCoverage?: number;
  readonly junit?: string;
  readonly verbose?: boolean;
  readonly schema?: boolean;
  readonly mutate?: boolean;
  readonly failUnder?: number;
  readonly most: number;
  readonly output: OutputFormat;
}

/** Exit code 0 if every test passed and enough rules are covered, 1 if not, 2 if they could not be run. */
export function policyTestCommand(terminal: Terminal): Command {
  return new Command('test')
    .description('run unit tests of policies: requests, and what is expected to be decided')
    .argument('[file...]', 'files of tests (docs/policy-tests.md says how they are written)')
    .option(
      '-c, --config <file>',
      'gatehouse.yaml whose policies, registry and workloads count, in place of what the files name',
    )
    .option(
      '--policies <path...>',
      'policy files and directories (- for standard input), in place of what the files name',
    )
    .addOption(defaultNamespaceOption())
    .option('--registry <path...>', 'registry files and directories, in place of what the files name')
    .addOption(new Option('--min-coverage <percent>', 'fail if fewer rules decide in a test').argParser(percent))
    .addOption(new Option('--junit <file>', 'write the results as JUnit XML too'))
    .option('--mutate', 'change the policies a little, again and again, and say which change no test notices')
    .addOption(
      new Option('--fail-under <percent>', 'with --mutate: fail if fewer changes are noticed').argParser(percent),
    )
    .addOption(countOption('--most <number>', 'with --mutate: changes that are tried', { usual: 2_000 }))
    .option('--schema', 'print the JSON Schema of such files, and do nothing else')
    .addOption(new Option('-v, --verbose', 'name every test, and the count of every rule'))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy test tests/*.yaml --min-coverage 80')
    .action(
      action<Flags>(terminal, async (flags, files) => {
        if (flags.schema === true) {
          const { policyTestJsonSchema } = await import('../../analysis/policy-test/json-schema.ts');
          terminal.out(policyTestJsonSchema());
          return 0;
        }
        if (files.length === 0) throw new GatehouseError('message_invalid', 'name a file of tests');
        if (flags.mutate === true) return mutate(files, flags, terminal);
        const { runFiles } = await import('./test/run-files.ts');
        const { testRunText } = await import('./test/test-run-text.ts');
        const run = await runFiles(files, flags);
        const { minCoverage = 0 } = flags;
        const isCovered = run.coverage.percent >= minCoverage;
        if (flags.junit !== undefined) {
          const { junitXml } = await import('./test/junit.ts');
          writeFileSync(flags.junit, junitXml(run));
        }
        const ok = run.failed === 0 && isCovered;
        show(terminal, flags.output, { ok, ...run }, (shown) =>
          testRunText(shown, { minCoverage, verbose: flags.verbose === true }),
        );
        return ok ? 0 : 1;
      }),
    );
}

/** Exit code 0 if enough is noticed, 1 if not, 2 if it was stopped or not all was tried where a share is wanted. */
async function mutate(files: readonly string[], flags: Flags, terminal: Terminal): Promise<ExitCode> {
  const [{ mutantSubjects }, { runMutants }, { mutantsText }, { shownProgress }] = await Promise.all([
    import('./test/run-files.ts'),
    import('./test/run-mutants.ts'),
    import('./test/mutants-text.ts'),
    import('./proofs/progress.ts'),
  ]);
  const { failUnder, most } = flags;
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const progress = shownProgress(terminal, 'changes');
  const run = await runMutants(await mutantSubjects(files, flags), {
    ...{ most, stop: stopping.signal },
    ...(progress && { progress }),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  terminal.progress?.('');
  const ok = run.score >= (failUnder ?? 0);
  show(terminal, flags.output, { ok, ...run }, (shown) => mutantsText(shown, failUnder ?? 0));
  if (stopping.signal.aborted || (failUnder !== undefined && run.left > 0)) return 2;
  return ok ? 0 : 1;
}

function percent(text: string): number {
  const value = /^[0-9]{1,3}(\.[0-9]+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(value <= 100)) throw new InvalidArgumentError('write a number from 0 to 100');
  return value;
}
