/**
 * `gatehouse why`: the derivation of a past decision.
 * @module
 */
import { Command, Option } from 'commander';
import type { Derivation } from '../../admin-api/decisions.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends AdminFlags {
  readonly asTest?: string | true;
  readonly output: OutputFormat;
}

/** Exit code 0 if it was an allow, 1 if a deny, 2 if it is not known any more. */
export function whyCommand(terminal: Terminal): Command {
  return new Command('why')
    .description('derive a past decision: why it fell so, and the patch that would turn it round')
    .argument('<id>', "the decision's id: decision_id in Envoy's access log, id in its dynamic metadata")
    .addOption(new Option('--as-test [file]', 'write it as a policy test: to stdout, or added to a file of tests'))
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse why Zm9vYmFyYmF0000000001a --as-test tests/details.yaml')
    .action(
      action<Flags>(terminal, async (flags, [id = '']) => {
        const client = await adminClient(flags);
        const derivation = await client.ask('GET /v1/decisions/{id}', { id });
        if (flags.asTest !== undefined) await writeTest(flags.asTest, derivation, terminal);
        if (flags.asTest === undefined || flags.output === 'json') {
          const { derivationText } = await import('../policy/explain/derivation-text.ts');
          show(terminal, flags.output, derivation, derivationText);
        }
        return derivation.record.decision === 'allow' ? 0 : 1;
      }),
    );
}

async function writeTest(file: string | true, { test, record }: Derivation, terminal: Terminal): Promise<void> {
  const { addTest } = await import('../policy/explain/test-file.ts');
  if (test === null) note(terminal, `decision ${record.id} has no request that a test could ask`);
  else if (file === true) terminal.out((await import('../terminal/yaml-text.ts')).yamlText({ tests: [test] }));
  else {
    addTest(file, test);
    note(terminal, `added to ${file}`);
  }
}
