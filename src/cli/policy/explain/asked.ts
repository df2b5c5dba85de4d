/**
 * Whom a command asks about policy: the running server, or the files alone.
 * @module
 */
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { AdminClient } from '../../../admin-api/client.ts';
import type { ExplainAnswer } from '../../../admin-api/explain.ts';
import type { Pair } from '../../../analysis/pair.ts';
import type { Config } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import { adminClient, adminOption, svidOption } from '../../admin/admin-client.ts';
import { configFile, PLACES_TEXT } from '../../config/config-option.ts';
import { note } from '../../terminal/output.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { defaultNamespaceOption, givenPaths } from '../given-paths.ts';

/** What the options of `askedOptions` say. */
export interface AskedFlags {
  readonly config?: string;
  readonly admin?: string;
  readonly svid?: string;
  readonly offline?: boolean;
  readonly policies?: readonly string[];
  readonly registry?: readonly string[];
  readonly trustDomain?: string;
  readonly defaultNamespace?: string;
}

/** The options that say whom to ask. */
export function askedOptions(): Option[] {
  return [
    new Option(
      '-c, --config <file>',
      `gatehouse.yaml: its server is asked if it runs, else its files (else ${PLACES_TEXT})`,
    ),
    adminOption(),
    svidOption(),
    new Option('--offline', 'ask the files of --config, whether a server runs or not'),
    new Option('--policies <path...>', 'ask these policy files and directories; - for standard input'),
    defaultNamespaceOption(),
    new Option('--registry <path...>', 'with --policies: Pods, Namespaces and ServiceAccounts as Kubernetes YAML'),
    new Option('--trust-domain <name>', 'with --policies: the trust domain (default: cluster.local)'),
  ];
}

/** Who explains: the running server, or the files. */
export interface Asked {
  readonly of: 'server' | 'files';
  explain(request: Uint8Array | Pair): Promise<ExplainAnswer>;
}

/** Finds out who answers; says on stderr when it is not whom one might think. */
export async function openAsked(flags: AskedFlags, terminal: Terminal): Promise<Asked> {
  const { admin, offline, policies } = flags;
  if (offline === true || policies !== undefined) return files(await configOf(flags));
  const { svid } = flags;
  const client = await adminClient({
    ...(admin !== undefined && { admin }),
    ...(svid !== undefined && { svid }),
    get config() {
      return configFile(flags.config);
    },
  });
  if (admin !== undefined || (await runs(client))) return server(client);
  note(terminal, 'no server runs; the files of the configuration were asked');
  return files(await configOf(flags));
}

async function runs(client: AdminClient): Promise<boolean> {
  try {
    await client.ask('GET /v1/status');
    return true;
  } catch (thrown) {
    if (thrown instanceof GatehouseError && thrown.code === 'unreachable') return false;
    throw thrown;
  }
}

const server = (client: AdminClient): Asked => ({
  of: 'server',
  explain: (request) =>
    client.ask(
      'POST /v1/explain',
      request instanceof Uint8Array ? { checkRequest: Buffer.from(request).toString('base64') } : { pair: request },
    ),
});

async function files(config: Config): Promise<Asked> {
  const [{ offlineState }, { createExplainer }, { neighbourhood }, { requestOfPair }, { encodeRequestForm }] =
    await Promise.all([
      import('../../../server/explain/explain-offline.ts'),
      import('../../../server/explain/explainer.ts'),
      import('../../../server/explain/explain-state.ts'),
      import('../../../analysis/pair.ts'),
      import('../../../analysis/request-form.ts'),
    ]);
  const state = await offlineState(config);
  const explainer = await createExplainer(state);
  return {
    of: 'files',
    async explain(asked) {
      const request =
        asked instanceof Uint8Array ? asked : encodeRequestForm(requestOfPair(asked, neighbourhood(state)));
      return explainer({ request, nowMs: Date.now(), caller: { local: true } });
    },
  };
}

/** The configuration of the flags: the file, with other paths where they are told; usual settings without a file. */
export async function configOf({
  config,
  policies,
  registry,
  trustDomain = 'cluster.local',
  defaultNamespace,
}: AskedFlags): Promise<Config> {
  const { loadConfig, readConfig, findingsError } = await import('../../../config/read-config.ts');
  const given = policies && givenPaths(policies, defaultNamespace);
  const paths = given?.map((each) => ({ namespaces: undefined, ...each }));
  const places = registry?.map((path) => resolve(path));
  if (config === undefined && paths !== undefined) {
    const text = JSON.stringify({ trustDomain, registry: { paths: places ?? [] } });
    const reading = readConfig(text, resolve('gatehouse.yaml'));
    if (reading.ok) return { ...reading.config, policies: { ...reading.config.policies, paths } };
    throw findingsError(reading.findings);
  }
  const loaded = loadConfig(configFile(config));
  if (paths === undefined) return loaded;
  return {
    ...loaded,
    policies: { ...loaded.policies, paths },
    registry: { paths: places ?? loaded.registry.paths },
  };
}
