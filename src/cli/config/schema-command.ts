/**
 * `gatehouse config schema`: the JSON Schema of the configuration, for editors.
 * @module
 */
import { Command } from 'commander';
import { action } from '../terminal/action.ts';
import { outputOption } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Prints the schema as JSON, whatever the output format. */
export function configSchemaCommand(terminal: Terminal): Command {
  return new Command('schema')
    .description('print the JSON Schema of gatehouse.yaml')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse config schema > gatehouse.schema.json')
    .action(
      action(terminal, async () => {
        const { configJsonSchema } = await import('../../config/json-schema.ts');
        terminal.out(configJsonSchema());
        return 0;
      }),
    );
}
