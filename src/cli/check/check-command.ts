/**
 * `gatehouse check`: is all that a server needs there, and does the one that runs do its work?
 * @module
 */
import { Command, Option } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends AdminFlags {
  readonly pre?: true;
  readonly envoy?: readonly string[];
  readonly output: OutputFormat;
}

/** Exit code 0 if nothing is wrong (warnings may be), 1 if something is, 2 if there is no configuration that can be read. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('check configuration, store, keys, clock, sockets, entries, policies, the running server, and Envoys')
    .addOption(new Option('--pre', 'before a start: ask no server, only whether one could start'))
    .addOption(new Option('--envoy <url...>', "Envoys' admin addresses, e.g. http://127.0.0.1:9901"))
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse check --pre --config /etc/gatehouse/gatehouse.yaml\n  gatehouse check --envoy http://127.0.0.1:9901',
    )
    .action(
      action<Flags>(terminal, async (flags) => {
        const [{ check }, { checkText }] = await Promise.all([import('./examine.ts'), import('./check-text.ts')]);
        const { config: configFile, pre = false, envoy: envoys = [] } = flags;
        const report = await check({ configFile, pre, envoys, client: () => adminClient(flags) });
        show(terminal, flags.output, report, checkText);
        return report.ok ? 0 : 1;
      }),
    );
}
