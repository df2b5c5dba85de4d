/**
 * `gatehouse doctor`: does this Envoy ask about everything, and does it tell what policies need to know? Do proxies that ask by HTTP,
 * and other trust domains? Is this a zero trust network?
 * @module
 */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
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
 * Without an Envoy the running server is examined.
 *
 * Exit code 0 if nothing is wrong (warnings may be), 1 if something is, 2 if who is examined cannot be asked. With `--zero-trust` 0 if all five
 * requirements are true, 1 if one is false, 2 if none is and one is unknown.
 */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('list what makes a policy inexact or fail open: of a running Envoy, or of the running server')
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
      '\nExamples:\n  gatehouse doctor\n  gatehouse doctor --envoy http://127.0.0.1:9901\n  gatehouse doctor --zero-trust --envoy http://127.0.0.1:9901 --output markdown',
    )
    .action(
      action(terminal, async (flags: Flags & { readonly output: OutputFormat }) => {
        const format: string = flags.output; // markdown, too
        const asked = await askAll(flags);
        if (flags.zeroTrust === true) {
          const { runZeroTrust } = await import('./zero-trust/run.ts');
          return runZeroTrust({ ...flags, envoys: asked }, terminal);
        }
        if (asked.length > 1 || format === 'markdown')
          throw new GatehouseError('config_invalid', 'several Envoys, and --output markdown, are of --zero-trust');
        const [first] = asked;
        const report = first === undefined ? await ofServer(flags) : ofEnvoy(first.asked);
        show(terminal, flags.output, report, text);
        return report.ok ? 0 : 1;
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
  /** Its version; empty where a dump does not say it, or the server was examined. */
  readonly envoy: string;
  /** Present where the server was examined. */
  readonly server?: string;
  readonly findings: readonly DoctorFinding[];
}

const isOk = (findings: readonly DoctorFinding[]): boolean => !findings.some(({ severity }) => severity === 'error');

function ofEnvoy({ version, dump }: AskedEnvoy): Report {
  const findings = [...examineVersion(version), ...examine(readConfigDump(dump))];
  return { ok: isOk(findings), envoy: version, findings };
}

async function ofServer(flags: Flags): Promise<Report> {
  const [{ loadConfig }, { examineServer }] = await Promise.all([
    import('../../config/read-config.ts'),
    import('./server/examine-server.ts'),
  ]);
  const config = loadConfig(flags.config);
  const findings = await examineServer(config, await adminClient(flags));
  return { ok: isOk(findings), envoy: '', server: config.trustDomain, findings };
}

function text({ ok, envoy: version, server, findings }: Report): string {
  const lines = findings.map(
    ({ kind, code, where, message, fix }) =>
      `${kind}  ${code}\n    at   ${where}\n    why  ${message}\n    fix  ${fix}\n`,
  );
  if (server !== undefined) {
    const end =
      findings.length > 0
        ? ''
        : `the server of ${server}: proxies that ask by HTTP say what policies read, bundles are fresh\n`;
    return `${lines.join('\n')}${end}`;
  }
  const envoy = version === '' ? 'Envoy' : `Envoy ${version.split('/')[1] ?? version}`;
  return `${lines.join('\n')}${ok ? `${envoy}: no policy is inexact or fails open\n` : ''}`;
}
