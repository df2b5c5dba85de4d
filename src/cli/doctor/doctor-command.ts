/**
 * `gatehouse doctor`: does this Envoy ask about everything, and does it tell what policies need to know?
 * @module
 */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type AskedEnvoy, askEnvoy } from './ask-envoy.ts';
import { readConfigDump } from './config-dump.ts';
import { examine } from './examine.ts';
import type { DoctorFinding } from './finding.ts';
import type { Json } from './json.ts';
import { examineVersion } from './version.ts';

interface Flags {
  readonly envoy?: string;
  readonly configDump?: string;
  readonly output: OutputFormat;
}

/** Exit code 0 if nothing is wrong (warnings may be), 1 if something is, 2 if Envoy cannot be asked. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('read a running Envoy and list every setting that makes a policy inexact or fail open')
    .addOption(new Option('--envoy <url>', "Envoy's admin address, e.g. http://127.0.0.1:9901").conflicts('configDump'))
    .option('--config-dump <file>', 'a saved /config_dump instead')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse doctor --envoy http://127.0.0.1:9901')
    .action(
      action<Flags>(terminal, async ({ envoy, configDump, output }) => {
        const { version, dump } = configDump === undefined ? await askEnvoy(envoy) : await readDump(configDump);
        const findings = [...examineVersion(version), ...examine(readConfigDump(dump))];
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(terminal, output, { ok, envoy: version, findings }, text);
        return ok ? 0 : 1;
      }),
    );
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
