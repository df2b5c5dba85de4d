/**
 * `gatehouse policy test`: unit tests of policies.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { defaultNamespaceOption } from './given-paths.ts';
import type { TestRunFlags } from './test/run-files.ts';

interface Flags extends TestRunFlags {
  readonly minCoverage?: number;
  readonly junit?: string;
  readonly verbose?: boolean;
  readonly schema?: boolean;
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

function percent(text: string): number {
  const value = /^[0-9]{1,3}(\.[0-9]+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(value <= 100)) throw new InvalidArgumentError('write a number from 0 to 100');
  return value;
}
