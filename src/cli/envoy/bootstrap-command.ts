/**
 * `gatehouse envoy bootstrap`: prints a sidecar's whole configuration.
 * @module
 */
import { Command, Option } from 'commander';
import { yamlFile } from '../terminal/yaml-text.ts';
import { STDOUT } from './access-log.ts';
import { generateBootstrap } from './bootstrap.ts';
import { type BootstrapFlags, readFlags } from './flags.ts';
import type { JsonObject } from './json.ts';

const EXAMPLES = `
Examples:
  # a server: strangers on 8443 by mTLS, each request asked about, the application on 9080
  gatehouse envoy bootstrap --workload default/details --label app=details \\
    --listen 0.0.0.0:8443 --upstream 127.0.0.1:9080 --sds unix:/run/gatehouse/details.sock > details.yaml
  envoy -c details.yaml

  # its client: the application calls 127.0.0.1:9001, which leaves as mTLS to details and to nobody else
  gatehouse envoy bootstrap --workload default/productpage --sds unix:/run/gatehouse/productpage.sock \\
    --outbound 127.0.0.1:9001=10.0.0.7:8443=default/details > productpage.yaml
`;

const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** The command, to be mounted under `envoy`. Writes one YAML (or, with `--output json`, JSON) document to stdout. */
export function envoyBootstrapCommand(write: (text: string) => void = (text) => process.stdout.write(text)): Command {
  return new Command('bootstrap')
    .description("print a complete, safe Envoy bootstrap for one workload's sidecar")
    .requiredOption('--workload <name>', 'NAMESPACE/SERVICEACCOUNT or a SPIFFE ID: who this sidecar is')
    .option('--trust-domain <name>', 'trust domain of the workload', 'cluster.local')
    .option('--listen <address>', 'where strangers connect: HOST:PORT; mTLS and a Check guard it')
    .option('--upstream <address>', 'the application behind it: HOST:PORT or unix:PATH')
    .addOption(
      new Option('--upstream-protocol <name>', 'what the application speaks; gRPC needs http2')
        .choices(['http1', 'http2'])
        .default('http1'),
    )
    .option('--outbound <listen=server=id>', 'a server that the application calls; may be repeated', append, [])
    .option('--label <key=value>', 'label of the workload, for policies with a selector; may be repeated', append, [])
    .addOption(new Option('--protocol <name>', 'what passes through').choices(['http', 'tcp']).default('http'))
    .option('--server-speaks-first', 'TCP: the application greets (MySQL, SMTP); its greeting is not guarded', false)
    .option('--sds <address>', "Gatehouse's socket for certificates", 'unix:/run/gatehouse/workload.sock')
    .option('--ext-authz <address>', "Gatehouse's address for Checks", '127.0.0.1:9191')
    .option('--ext-authz-tls', 'mTLS to --ext-authz, which must show spiffe://TRUST-DOMAIN/gatehouse/decider', false)
    .option('--ext-authz-id <id>', 'mTLS to --ext-authz, which must show this SPIFFE ID instead')
    .option('--timeout <duration>', 'how long a Check may take before the request is refused', '1s')
    .option('--max-connection-duration <duration>', 'longest life of a connection, 0 for no limit', '1h')
    .addOption(
      new Option('--paths <mode>', 'strict: merge // and refuse %2f and _ in header names; istio: as Istio by default')
        .choices(['strict', 'istio'])
        .default('strict'),
    )
    .option('--gateway', 'callers have no certificate of ours: no mTLS on --listen', false)
    .option('--trusted-hops <number>', 'with --gateway: proxies in front whose X-Forwarded-For is believed', '0')
    .option('--federated', 'accept callers of federated trust domains too', false)
    .option('--native', 'decide in Envoy what the policy says plainly, and ask for the rest', false)
    .option('--xds <address>', 'with --native: listen.xds of Gatehouse, by mTLS, instead of --sds')
    .option('--xds-id <id>', 'the SPIFFE ID that it must show; usually spiffe://TRUST-DOMAIN/gatehouse/decider')
    .option(
      '--reports <address>',
      'with --native: listen.accessLog of Gatehouse, by mTLS, instead of where its policy comes from',
    )
    .option('--reports-id <id>', 'the SPIFFE ID that it must show; usually spiffe://TRUST-DOMAIN/gatehouse/decider')
    .option('--admin <address>', "Envoy's admin pages, read-only, on loopback; or off", '127.0.0.1:9901')
    .option('--access-log <file>', 'where to log', STDOUT)
    .addOption(
      new Option('--output <format>', 'yaml, which table means too, or json')
        .choices(['yaml', 'json', 'table'])
        .default('yaml'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: BootstrapFlags & { output: string }) => {
      const { keepsRules } = await import('./bootstrap-rules.ts');
      const bootstrap = keepsRules(generateBootstrap(readFlags(flags)));
      write(flags.output === 'json' ? `${JSON.stringify(bootstrap, null, 2)}\n` : bootstrapYaml(bootstrap));
    });
}

/** The same as YAML, without anchors. */
export function bootstrapYaml(bootstrap: JsonObject): string {
  const heading = '# Made by `gatehouse envoy bootstrap`; docs/envoy.md explains each line.\n';
  return heading + yamlFile(bootstrap);
}
