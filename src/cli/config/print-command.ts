/**
 * `gatehouse config print`: the configuration with every default filled in.
 * @module
 */
import { Command } from 'commander';
import { action } from '../terminal/action.ts';
import { jsonText, type OutputFormat, outputOption } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { namedConfig, plainConfigOption } from './named-config.ts';

/** Prints YAML, or JSON with `--output json`. Passwords in a store's URL are masked. */
export function configPrintCommand(terminal: Terminal): Command {
  return new Command('print')
    .description('print a configuration with every default filled in')
    .argument('[file]', 'the file, in place of --config')
    .addOption(plainConfigOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse config print gatehouse.yaml --output json | jq .listen')
    .action(
      action<{ readonly config?: string; readonly output: OutputFormat }>(
        terminal,
        async ({ config, output }, [operand]) => {
          const { readConfigFile, findingsError } = await import('../../config/read-config.ts');
          const reading = readConfigFile(namedConfig(operand, config));
          if (!reading.ok) throw findingsError(reading.findings);
          const masked = {
            ...reading.document,
            store: reading.document.store.replace(/(\/\/[^:/@]*):[^@/]*@/, '$1:…@'),
          };
          const { yamlText } = await import('../terminal/yaml-text.ts');
          terminal.out(output === 'json' ? jsonText(masked, 2) : yamlText(masked));
          return 0;
        },
      ),
    );
}
