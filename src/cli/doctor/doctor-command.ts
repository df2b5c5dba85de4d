/**
 * `gatehouse doctor`: does this Envoy ask about everything, and does it tell what policies need to know? Is this a zero trust network?
 * @module
 */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { durationOption } from '../terminal/number-options.ts';
import { type OutputFormat, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type AskedEnvoy, askEnvoy } from './ask-envoy.ts';
import { readConfigDump } from './config-dump.ts';
import { examine } from './examine.ts';
import type { DoctorFinding } from './finding.ts';
import type { Json } from './json.ts';
import { examineVersion } from './version.ts';

interface Flags extends AdminFlags {
  readonly envoy?: readonly string[];
  readonly configDump?: readonly string[];
  readonly zeroTrust?: true;
  readonly timeout: number;
}

/**
 * Exit code 0 if nothing is wrong (warnings may be), 1 if something is, 2 if Envoy cannot be asked. With `--zero-trust` 0 if all five
 * requirements are true, 1 if one is false, 2 if none is and one is unknown.
 */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('read a running Envoy and list every setting that makes a policy inexact or fail open')
    .addOption(
      new Option('--envoy <url...>', "Envoy's admin address, e.g. http://127.0.0.1:9901").conflicts('configDump'),
    )
    .option('--config-dump <file...>', 'a saved /config_dump instead')
    .option('--zero-trust', 'judge the five requirements of a zero trust network: by configuration, server, and Envoys')
    .addOption(configOption())
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(
      durationOption('--timeout <duration>', 'with --zero-trust: say that it is unknown where proofs take longer', {
        ...{ usual: '10m', least: '10ms', most: '24h' },
      }),
    )
    .addOption(
      new Option(
        '--output <format>',
        'json: one document; table: for people; markdown: with --zero-trust, a page for an auditor',
      )
        .choices(['json', 'table', 'markdown'])
        .default('table'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse doctor --envoy http://127.0.0.1:9901\n  gatehouse doctor --zero-trust --envoy http://127.0.0.1:9901 --output markdown',
    )
    .action(
      action(terminal, async (flags: Flags & { readonly output: OutputFormat }) => {
        const format: string = flags.output; // markdown, too
        const asked = await askAll(flags);
        if (flags.zeroTrust === true) {
          const { runZeroTrust } = await import('./zero-trust/run.ts');
          return runZeroTrust({ ...flags, envoys: asked }, terminal);
        }
        const [first, second] = asked;
        if (first === undefined || second !== undefined || format === 'markdown')
          throw new GatehouseError(
            'config_invalid',
            'give one --envoy http://127.0.0.1:9901 or --config-dump FILE; several, and --output markdown, are of --zero-trust',
          );
        const { version, dump } = first.asked;
        const findings = [...examineVersion(version), ...examine(readConfigDump(dump))];
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(terminal, flags.output, { ok, envoy: version, findings }, text);
        return ok ? 0 : 1;
      }),
    );
}

function askAll({
  envoy = [],
  configDump = [],
}: Flags): Promise<readonly { readonly from: string; readonly asked: AskedEnvoy }[]> {
  return Promise.all([
    ...envoy.map(async (url) => ({ from: url, asked: await askEnvoy(url) })),
    ...configDump.map(async (file) => ({ from: file, asked: await readDump(file) })),
  ]);
}

async function readDump(file: string): Promise<AskedEnvoy> {
  try {
    return { version: '', dump: JSON.parse(await readFile(file, 'utf8')) as Json }; // JSON enters
  } catch (error) {
    throw new GatehouseError('config_invalid', `${file}: not a saved /config_dump: ${(error as Error).message}`, {
      file,
    });
  }
}

interface Report {
  readonly ok: boolean;
  readonly envoy: string;
  readonly findings: readonly DoctorFinding[];
}

function text({ ok, envoy: version, findings }: Report): string {
  const lines = findings.map(
    ({ kind, code, where, message, fix }) =>
      `${kind}  ${code}\n    at   ${where}\n    why  ${message}\n    fix  ${fix}\n`,
  );
  const envoy = version === '' ? 'Envoy' : `Envoy ${version.split('/')[1] ?? version}`;
  return `${lines.join('\n')}${ok ? `${envoy}: no policy is inexact or fails open\n` : ''}`;
}
