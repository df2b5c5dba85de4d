/**
 * `gatehouse proxy config`: prints a proxy's whole configuration.
 * @module
 */
import { Argument, Command } from 'commander';
import type { CallerName } from '../../authz/http/dialect.ts';
import { configIfAny, PLACES_TEXT } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Printed, ProxySettings } from './settings.ts';
import { proxies } from './versions.ts';

const EXAMPLES = `
Examples:
  # what nginx includes: callers by mTLS on 8443, each request asked about, the application on 8080
  gatehouse proxy config nginx --workload default/details --proxy-version 1.22.1 > /etc/nginx/conf.d/gatehouse.conf

  # HAProxy has a script beside its configuration
  gatehouse proxy config haproxy --workload default/details --proxy-version 3.2.4 --write /run/haproxy/conf
`;

interface ProxyFlags {
  readonly workload: string;
  readonly listen: string;
  readonly upstream: string;
  readonly gatehouse: string;
  readonly certificates?: string;
  readonly trustDomain?: string;
  readonly config?: string;
  readonly header: readonly string[];
  readonly proxyVersion?: string;
  readonly proxyProgram?: string;
  readonly write?: string;
  readonly output: OutputFormat;
}

const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Exit code 0 if it is printed, 2 if nothing could be said or that version cannot be made safe. */
export function proxyConfigCommand(terminal: Terminal): Command {
  return new Command('config')
    .description('print a complete, safe configuration of a proxy that asks by HTTP, for the version found')
    .addArgument(new Argument('<proxy>', 'which one').choices(proxies))
    .requiredOption('--workload <name>', 'NAMESPACE/SERVICEACCOUNT: what the proxy stands before, and who it is')
    .option('--listen <address>', 'where strangers connect: HOST:PORT', '0.0.0.0:8443')
    .option('--upstream <address>', 'the application behind it: HOST:PORT', '127.0.0.1:8080')
    .option('--gatehouse <address>', 'listen.httpAuth: HOST:PORT on loopback, or unix:PATH', '127.0.0.1:9192')
    .option('--certificates <path>', 'where svid watch leaves them; of Envoy the socket of the Workload API')
    .option('--trust-domain <name>', 'trust domain of the workload (default: of --config, else cluster.local)')
    .option(
      '-c, --config <file>',
      `configuration whose policies say which headers are read and written (else ${PLACES_TEXT}, if there is one)`,
    )
    .option('--header <name>', 'a header that policies read, where there is no --config; may be repeated', append, [])
    .option('--proxy-version <version>', 'for which version (default: the program is asked)')
    .option('--proxy-program <path>', 'the program that is asked for its version (default: by the name of the proxy)')
    .option('--write <directory>', 'write the files there, instead of printing them')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(
      action<ProxyFlags>(terminal, async (flags, [proxy]) => {
        const name = proxy as CallerName; // one of the choices
        const settings = await settingsOf(name, flags);
        const { files, certificates } = await print(name, settings);
        if (flags.write !== undefined) await writeFiles(flags.write, files);
        const version = settings.version.join('.');
        if (flags.output === 'json') {
          show(terminal, 'json', { proxy: name, version, certificates: certificates ?? null, files }, () => '');
          return 0;
        }
        note(terminal, `for ${name} ${version}`);
        if (certificates !== undefined) note(terminal, `keep its certificates fresh with: ${certificates}`);
        if (flags.write !== undefined) note(terminal, `written: ${files.map((each) => each.name).join(', ')}`);
        else for (const file of files) terminal.out(files.length === 1 ? file.text : `# ${file.name}\n${file.text}`);
        return 0;
      }),
    );
}

async function settingsOf(proxy: CallerName, flags: ProxyFlags): Promise<ProxySettings> {
  const read = await import('./settings.ts');
  const { versionOf } = await import('./versions.ts');
  const workload = read.workloadOf(flags.workload);
  const config = configIfAny(flags.config);
  const headers =
    config === undefined
      ? undefined
      : (await import('./headers-of-policies.ts')).headersOfPolicies(config, workload.namespace);
  const usual = proxy === 'envoy' ? '/run/gatehouse/workload.sock' : `/run/${proxy}/svid`;
  return {
    ...workload,
    version: versionOf(proxy, flags.proxyVersion, flags.proxyProgram ?? proxy),
    trustDomain: (await import('../../spiffe/trust-domain.ts')).parseTrustDomain(
      flags.trustDomain ?? headers?.trustDomain ?? 'cluster.local',
    ),
    listen: read.tcpOf(flags.listen, '--listen'),
    upstream: read.tcpOf(flags.upstream, '--upstream'),
    gatehouse: read.gatehouseOf(flags.gatehouse),
    certificates: read.pathOf(flags.certificates?.replace(/^unix:/, '') ?? usual, '--certificates'),
    headersRead: read.headersOf([...flags.header, ...(headers?.read ?? [])], '--header'),
    headersWritten: read.headersOf(headers?.written ?? [], '--config'),
  };
}

/** What prints each is loaded when it is wanted. */
const printers: Readonly<Record<CallerName, () => Promise<(settings: ProxySettings) => Printed>>> = {
  nginx: async () => (await import('./nginx.ts')).nginxConfig,
  caddy: async () => (await import('./caddy.ts')).caddyConfig,
  traefik: async () => (await import('./traefik.ts')).traefikConfig,
  haproxy: async () => (await import('./haproxy.ts')).haproxyConfig,
  envoy: async () => (await import('./envoy.ts')).envoyConfig,
};

const print = async (proxy: CallerName, settings: ProxySettings): Promise<Printed> =>
  (await printers[proxy]())(settings);

async function writeFiles(directory: string, files: Printed['files']): Promise<void> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const { join } = await import('node:path');
  await mkdir(directory, { recursive: true });
  for (const { name, text } of files) await writeFile(join(directory, name), text);
}
