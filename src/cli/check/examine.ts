/**
 * All that `gatehouse check` looks at, in the order in which a start meets it.
 * @module
 */
import type { AdminClient } from '../../admin-api/client.ts';
import type { StatusAnswer } from '../../admin-api/status.ts';
import type { Config } from '../../config/config.ts';
import { textOfFinding } from '../../config/finding.ts';
import { readConfigFile } from '../../config/read-config.ts';
import { asGatehouseError } from '../../errors.ts';
import { readConfigDump } from '../doctor/config-dump.ts';
import { examine } from '../doctor/examine.ts';
import { examineVersion } from '../doctor/version.ts';
import { checkMetrics } from './metrics.ts';
import { lookOffline } from './offline.ts';
import { bad, good, type Outcome, type Section, section, warning } from './outcome.ts';
import { checkDeciders, checkFollowing, checkInForce, checkServer } from './running.ts';

/** What a check is asked to look at. */
export interface CheckOrder {
  readonly configFile: string;
  /** Before the first start, or while it is stopped on purpose: no server is asked. */
  readonly pre: boolean;
  /** Made when it is needed: the configuration may be broken. */
  readonly client: () => Promise<AdminClient>;
  /** Admin addresses of Envoys. */
  readonly envoys: readonly string[];
}

/** The JSON of `gatehouse check`. */
export interface Report {
  /** No errors; warnings there may be. */
  readonly ok: boolean;
  readonly config: string;
  readonly server: 'running' | 'away' | 'not asked';
  readonly errors: number;
  readonly warnings: number;
  readonly sections: readonly Section[];
}

/** Looks at everything. @throws GatehouseError `config_invalid` if the configuration cannot be read at all */
export async function check(order: CheckOrder): Promise<Report> {
  const reading = readConfigFile(order.configFile);
  const envoys = await Promise.all(order.envoys.map((url) => section(`envoy ${url}`, () => checkEnvoy(url))));
  if (!reading.ok) {
    const checks = reading.findings.map((each) => bad(each.code, textOfFinding({ ...each, fix: '' }), each.fix));
    return reportOf(order.configFile, 'not asked', [{ name: 'configuration', checks }, ...envoys]);
  }
  const { config } = reading;
  const asked = order.pre ? 'not asked' : await askServer(order.client);
  const configured = { name: 'configuration', checks: [good('config', `${config.file} is good`)] };
  const server = typeof asked === 'string' ? asked : 'status' in asked ? 'running' : 'away';
  const sections = [
    configured,
    ...(await lookOffline(config, server === 'running' || isRefused(asked))),
    ...(await online(config, asked, order)),
  ];
  return reportOf(config.file, server, [...sections, ...envoys]);
}

/** What a server answered, or why none did. */
type Asked = { readonly status: StatusAnswer } | { readonly code: string; readonly why: string };

async function askServer(client: CheckOrder['client']): Promise<Asked> {
  try {
    return { status: await (await client()).ask('GET /v1/status') };
  } catch (thrown) {
    const { code, message } = asGatehouseError(thrown);
    return { code, why: message };
  }
}

/** One that runs, and does not tell us. */
const isRefused = (asked: Asked | 'not asked'): boolean =>
  typeof asked === 'object' && 'code' in asked && asked.code === 'caller_not_authorised';

async function online(config: Config, asked: Asked | 'not asked', order: CheckOrder): Promise<readonly Section[]> {
  if (typeof asked === 'string') return [];
  if ('code' in asked) {
    const fix = isRefused(asked)
      ? 'ask as root, or as the user of the server'
      : 'start it (systemctl start gatehouse), or check without it: --pre';
    return [{ name: 'server', checks: [bad(asked.code.replaceAll('_', '-'), asked.why, fix)] }];
  }
  const { status } = asked;
  const client = await order.client();
  const isDecider = config.roles.includes('decider');
  const following = await section('followers', () => checkFollowing(status, Date.now()));
  return [
    await section('server', () => checkServer(status)),
    ...(isDecider ? [await section('deciders', () => checkDeciders(status, config))] : []),
    ...(following.checks.length > 0 ? [following] : []),
    await section('policies in force', async () => checkInForce(await client.ask('GET /v1/policies'), config)),
    await section('metrics', () => checkMetrics(config, status.addresses.health)),
  ];
}

async function checkEnvoy(url: string): Promise<readonly Outcome[]> {
  const { askEnvoy } = await import('../doctor/ask-envoy.ts');
  const { version, dump } = await askEnvoy(url);
  const findings = [...examineVersion(version), ...examine(readConfigDump(dump))];
  const outcomes = findings.map(({ severity, code, where, message, fix }) =>
    (severity === 'error' ? bad : warning)(code.replaceAll('_', '-'), `${where}: ${message}`, fix),
  );
  return [good('envoy', `Envoy ${version.split('/')[1] ?? version} answers`), ...outcomes];
}

function reportOf(config: string, server: Report['server'], sections: readonly Section[]): Report {
  const all = sections.flatMap(({ checks }) => checks);
  const errors = all.filter(({ result }) => result === 'error').length;
  const warnings = all.filter(({ result }) => result === 'warning').length;
  return { ok: errors === 0, config, server, errors, warnings, sections: sections.map(withPlaces) };
}

/** The place of what was found is where its message begins. */
function withPlaces({ name, checks }: Section): Section {
  return {
    name,
    checks: checks.map(({ at, message, ...rest }) => ({
      ...rest,
      message: at === undefined ? message : `${at.file}:${at.line}: ${message}`,
    })),
  };
}
