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
import { readConfigDump } from './config-dump.ts';
import { examine } from './examine.ts';
import type { DoctorFinding } from './finding.ts';
import { type Json, textAt } from './json.ts';
import { examineVersion } from './version.ts';

interface Flags {
  readonly envoy?: string;
  readonly configDump?: string;
  readonly output: OutputFormat;
}

const TIMEOUT_MS = 10_000;

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

interface Asked {
  readonly version: string;
  readonly dump: Json;
}

async function askEnvoy(url: string | undefined): Promise<Asked> {
  if (url === undefined) {
    throw new GatehouseError('config_invalid', 'give --envoy http://127.0.0.1:9901 or --config-dump FILE');
  }
  const [server, dump] = await Promise.all([page(url, '/server_info'), page(url, '/config_dump')]);
  return { version: textAt(server, 'version'), dump };
}

async function page(url: string, path: string): Promise<Json> {
  try {
    const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return (await response.json()) as Json; // JSON enters
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new GatehouseError('unreachable', `${url}${path} does not answer as Envoy's admin address does: ${why}`, {
      url,
    });
  }
}

async function readDump(file: string): Promise<Asked> {
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
