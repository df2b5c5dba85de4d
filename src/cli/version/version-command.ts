/**
 * `gatehouse version`: of this program and of the server that runs.
 * @module
 */
import { Command } from 'commander';
import { programVersion } from '../../lib/version.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { ExitCode, Terminal } from '../terminal/terminal.ts';
import { type Skew, skewOf } from './skew.ts';

interface Flags extends AdminFlags {
  readonly client?: true;
  readonly output: OutputFormat;
}

interface Versions {
  readonly client: { readonly version: string; readonly node: string };
  /** Null where it was not asked. */
  readonly server: { readonly version: string | null; readonly pid: number; readonly startedAt: string } | null;
  readonly skew: Skew | null;
}

/** Exit code 0 if they are the same, 1 if they differ, 2 if no server answers. */
export function versionCommand(terminal: Terminal): Command {
  return new Command('version')
    .description('print the version of this program and of the running server, and whether they differ')
    .option('--client', 'this program alone; asks nobody')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  gatehouse version --client\n  gatehouse version --config gatehouse.yaml')
    .action(
      action<Flags>(terminal, async (flags): Promise<ExitCode> => {
        const client = { version: programVersion(), node: process.versions.node };
        if (flags.client === true) {
          show(terminal, flags.output, { client, server: null, skew: null }, textOf);
          return 0;
        }
        const status = await (await adminClient(flags)).ask('GET /v1/status');
        const { version: told, pid, startedAt } = status;
        const skew = skewOf(client.version, told);
        show(terminal, flags.output, { client, server: { version: told ?? null, pid, startedAt }, skew }, textOf);
        return skew === 'none' ? 0 : 1;
      }),
    );
}

const remarks: Readonly<Record<Skew, string>> = {
  none: '',
  patch: 'they differ by a patch',
  minor: 'they differ by a minor version: options and fields of one may be unknown to the other',
  major: 'they differ by a major version: use the program of the server',
  unknown: 'the server does not say its version, or one that this program cannot compare',
};

function textOf({ client, server, skew }: Versions): string {
  const lines = [`client  ${client.version} (Node ${client.node})`];
  if (server !== null) {
    lines.push(`server  ${server.version ?? 'unknown'} (pid ${server.pid}, since ${server.startedAt})`);
    if (skew !== null && skew !== 'none') lines.push(remarks[skew]);
  }
  return `${lines.join('\n')}\n`;
}
