import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ensureEnvoy } from '../../../scripts/envoy.ts';
import { envoyBootstrapCommand } from '../../../src/cli/envoy/bootstrap-command.ts';
import { envoyParts } from '../../../src/cli/envoy/istio/envoy-filter.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { runEnvoy } from '../../support/run-envoy.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const server = ['--listen', '0.0.0.0:8443', '--upstream', '127.0.0.1:9080'];
const client = ['--outbound', '127.0.0.1:9001=10.0.0.7:8443=default/details'];

const variants: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'HTTP server', args: [...server, '--label', 'app=details', '--label', 'version=v1'] },
  { name: 'HTTP server as JSON', args: [...server, '--output', 'json'] },
  { name: 'HTTP client', args: [...client] },
  {
    name: 'HTTP both, two servers, one by name',
    args: [...server, ...client, '--outbound', '127.0.0.1:9002=reviews.local:8443=spiffe://other.test/reviews'],
  },
  { name: 'gRPC application', args: [...server, '--upstream-protocol', 'http2'] },
  { name: 'application on a unix socket', args: ['--listen', '[::]:8443', '--upstream', 'unix:/run/app.sock'] },
  { name: "Istio's path cleaning", args: [...server, '--paths', 'istio'] },
  { name: 'connections without limit', args: [...server, '--max-connection-duration', '0'] },
  { name: 'Gatehouse on a unix socket', args: [...server, '--ext-authz', 'unix:/run/gatehouse/authz.sock'] },
  {
    name: 'Gatehouse on another machine',
    args: [...server, '--ext-authz', '10.0.0.9:9191', '--ext-authz-id', 'spiffe://cluster.local/gatehouse'],
  },
  { name: 'federated callers', args: [...server, '--federated'] },
  { name: 'a log file', args: [...server, ...client, '--access-log', '/dev/null'] },
  { name: 'no admin pages', args: [...server, '--admin', 'off'] },
  { name: 'gateway', args: [...server, '--gateway', '--trusted-hops', '1'] },
  { name: 'HTTP server that decides itself', args: [...server, '--native'] },
  {
    name: 'HTTP server that decides itself, policies and log elsewhere',
    args: [...server, '--native', '--xds', '10.0.0.9:9445', '--reports', '10.0.0.9:9446'],
  },
  { name: 'TCP server', args: [...server, '--protocol', 'tcp', '--label', 'app=db'] },
  { name: 'TCP server that speaks first', args: [...server, '--protocol', 'tcp', '--server-speaks-first'] },
  { name: 'TCP client', args: [...client, '--protocol', 'tcp'] },
  { name: 'TCP both', args: [...server, ...client, '--protocol', 'tcp'] },
];

describe('gatehouse envoy bootstrap', () => {
  for (const { name, args } of variants) {
    it(`is accepted by the real Envoy: ${name}`, async () => {
      await using directory = await tempDir();
      let text = '';
      const command = envoyBootstrapCommand((written) => {
        text += written;
      });
      await command.parseAsync(['--workload', 'default/details', ...args], { from: 'user' });
      await accepted(directory, text);
    });
  }

  it('tells the real Envoy labels that YAML 1.1 takes for something else than a text', async () => {
    const labels = Object.fromEntries(LIKE_OTHER_TYPES.map((value, at) => [`label-${at}`, value]));
    const flags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    let text = '';
    const command = envoyBootstrapCommand((written) => {
      text += written;
    });
    const sidecar = ['--workload', 'default/details', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:9080'];
    await command.parseAsync([...sidecar, '--admin', '127.0.0.1:0', ...flags], { from: 'user' });
    await using directory = await tempDir();
    await using envoy = await runEnvoy({ bootstrap: text, directory: directory.path, waitUntilReady: false });
    const { configs } = JSON.parse(await envoy.adminPage('/config_dump'));
    assert.deepEqual(configs[0].bootstrap.node.metadata.LABELS, labels);
  });
});

/** Values that a label may have. */
const LIKE_OTHER_TYPES =
  'on On off yes no y Y n N true null 1 012 0o17 0x1F 0X1F 1_000 1.5 1e3 0b11 2026-01-01 nan'.split(' ');

async function accepted(directory: TempDir, bootstrap: string): Promise<void> {
  await writeFile(directory.at('bootstrap.yaml'), bootstrap);
  const validate = ['--mode', 'validate', '-l', 'warning', '-c', directory.at('bootstrap.yaml')];
  const { stdout, stderr } = await run(await ensureEnvoy(), validate);
  assert.match(stdout, /OK\n$/);
  assert.equal(stderr, '', 'Envoy warns of nothing');
}

describe('gatehouse envoy istio', () => {
  it('is accepted by the real Envoy, patched into another bootstrap', async () => {
    await using directory = await tempDir();
    const id = parseSpiffeId('spiffe://cluster.local/gatehouse/decider');
    const door = (port: number) => ({ address: { kind: 'socket' as const, host: '10.0.0.9', port }, id });
    const { clusters, httpFilters, accessLog, perFilterConfig } = envoyParts({
      ...{ name: 'x', spiffeId: parseSpiffeId('spiffe://cluster.local/ns/default/sa/details') },
      ...{ labels: { app: 'details' }, timeoutMs: 1_000 },
      ...{ xds: door(9_445), extAuthz: door(9_191), reports: door(9_446) },
    });
    let text = '';
    const command = envoyBootstrapCommand((written) => {
      text += written;
    });
    const sidecar = ['--workload', 'default/details', ...server, '--output', 'json'];
    await command.parseAsync(sidecar, { from: 'user' });
    const bootstrap = JSON.parse(text);
    const { static_resources: all } = bootstrap;
    const manager = all.listeners[0].filter_chains[0].filters[0].typed_config;
    const [sds] = all.clusters;
    const agent = { ...sds, name: 'sds-grpc', load_assignment: { ...sds.load_assignment, cluster_name: 'sds-grpc' } };
    all.clusters = [sds, agent, all.clusters[2], ...clusters];
    manager.http_filters = [...httpFilters, manager.http_filters.at(-1)];
    manager.access_log.push(accessLog);
    manager.route_config.virtual_hosts[0].typed_per_filter_config = perFilterConfig;
    await accepted(directory, JSON.stringify(bootstrap));
  });
});
