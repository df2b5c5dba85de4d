/**
 * `gatehouse envoy istio`: prints the EnvoyFilter by which sidecars of a mesh of Istio decide themselves.
 * @module
 */
import { Command, Option } from 'commander';
import { deciderIdOf } from '../../../spiffe/own-ids.ts';
import { parseSpiffeId, serviceAccountOf } from '../../../spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../../../spiffe/trust-domain.ts';
import { yamlFile } from '../../terminal/yaml-text.ts';
import { invalid, parseTarget } from '../address.ts';
import { readDuration, readLabel, workloadId } from '../flags.ts';
import type { Door, EnvoyFilterOptions } from './envoy-filter.ts';

/** The flags as text, as the command line gives them. */
export interface IstioFlags {
  readonly workload: string;
  readonly trustDomain: string;
  readonly label: readonly string[];
  readonly xds: string;
  readonly xdsId?: string;
  readonly extAuthz: string;
  readonly extAuthzId?: string;
  readonly reports?: string;
  readonly reportsId?: string;
  readonly timeout: string;
  readonly name: string;
}

const EXAMPLES = `
Example:
  gatehouse envoy istio --workload default/details --label app=details \\
    --xds gatehouse.gatehouse.svc:9445 --ext-authz gatehouse.gatehouse.svc:9191 | kubectl apply -f -
`;

const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** The command, to be mounted under `envoy`. Writes one YAML (or, with `--output json`, JSON) document to stdout. */
export function envoyIstioCommand(write: (text: string) => void): Command {
  return new Command('istio')
    .description("print the EnvoyFilter by which one workload's sidecars in a mesh of Istio decide themselves")
    .requiredOption('--workload <name>', 'NAMESPACE/SERVICEACCOUNT or a SPIFFE ID: whose sidecars these are')
    .option('--trust-domain <name>', 'trust domain of the workload', 'cluster.local')
    .requiredOption('--label <key=value>', 'label of its pods, which chooses them; may be repeated', append, [])
    .requiredOption('--xds <address>', 'listen.xds of Gatehouse: HOST:PORT')
    .option('--xds-id <id>', 'the SPIFFE ID that it must show; usually spiffe://TRUST-DOMAIN/gatehouse/decider')
    .requiredOption('--ext-authz <address>', 'listen.extAuthz of Gatehouse, by mTLS: HOST:PORT')
    .option('--ext-authz-id <id>', 'the SPIFFE ID that it must show; usually spiffe://TRUST-DOMAIN/gatehouse/decider')
    .option('--reports <address>', 'listen.accessLog of Gatehouse, instead of --xds: HOST:PORT')
    .option('--reports-id <id>', 'the SPIFFE ID that it must show; usually spiffe://TRUST-DOMAIN/gatehouse/decider')
    .option('--timeout <duration>', 'how long a Check may take before the request is refused', '1s')
    .option('--name <name>', 'of the EnvoyFilter', 'gatehouse-native')
    .addOption(
      new Option('--output <format>', 'yaml, which table means too, or json')
        .choices(['yaml', 'json', 'table'])
        .default('yaml'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: IstioFlags & { output: string }) => {
      const [{ envoyFilter }, { keepsRulesOfParts }] = await Promise.all([
        import('./envoy-filter.ts'),
        import('./parts-rules.ts'),
      ]);
      const options = readIstioFlags(flags);
      keepsRulesOfParts(options);
      const document = envoyFilter(options);
      write(flags.output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : envoyFilterYaml(document));
    });
}

function envoyFilterYaml(document: object): string {
  const heading = '# Made by `gatehouse envoy istio`; docs/native.md explains it.\n';
  return heading + yamlFile(document);
}

/**
 * Reads and checks all flags.
 *
 * @throws GatehouseError `config_invalid`, `spiffe_id_invalid` or `trust_domain_invalid`, naming the flag or the value
 */
export function readIstioFlags(flags: IstioFlags): EnvoyFilterOptions {
  const trustDomain = parseTrustDomain(flags.trustDomain);
  const spiffeId = workloadId(flags.workload, trustDomain, '--workload');
  if (serviceAccountOf(spiffeId) === undefined)
    throw invalid('--workload', 'a workload of a mesh has a namespace and a service account', flags.workload);
  if (flags.label.length === 0)
    throw invalid('--label', 'a namespace has other workloads too, whose policies are others', '');
  const { reports, reportsId } = flags;
  if (reports === undefined && reportsId !== undefined)
    throw invalid('--reports-id', '--reports must name the address', reportsId);
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(flags.name))
    throw invalid('--name', `${JSON.stringify(flags.name)} is no name of an object in Kubernetes`, flags.name);
  return {
    ...{ name: flags.name, spiffeId },
    labels: Object.fromEntries(flags.label.map(readLabel)),
    xds: door('--xds', flags.xds, flags.xdsId, trustDomain),
    extAuthz: door('--ext-authz', flags.extAuthz, flags.extAuthzId, trustDomain),
    reports: reports === undefined ? undefined : door('--reports', reports, reportsId, trustDomain),
    timeoutMs: readDuration(flags.timeout, '--timeout', '1h'),
  };
}

function door(flag: string, text: string, id: string | undefined, trustDomain: TrustDomain): Door {
  const address = parseTarget(text, flag);
  if (address.kind === 'unix') throw invalid(flag, 'a pod of a mesh reaches Gatehouse by TCP: HOST:PORT', text);
  return { address, id: id === undefined ? deciderIdOf(trustDomain) : parseSpiffeId(id) };
}
