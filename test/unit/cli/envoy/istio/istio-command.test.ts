import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { askingConfig, examineMatcher } from '../../../../../src/cli/doctor/asking/asking-filter.ts';
import { examineNative, isNative } from '../../../../../src/cli/doctor/native.ts';
import { envoyBootstrapCommand } from '../../../../../src/cli/envoy/bootstrap-command.ts';
import { endRefusedConnections } from '../../../../../src/cli/envoy/filters/refused-connection.ts';
import { envoyIstioCommand } from '../../../../../src/cli/envoy/istio/istio-command.ts';
import type { JsonObject } from '../../../../../src/cli/envoy/json.ts';
import { projectRoot } from '../../../../support/run-gatehouse.ts';

const usual = [
  ...['--workload', 'default/details', '--label', 'app=details'],
  ...['--xds', 'gatehouse.gatehouse.svc:9445', '--ext-authz', 'gatehouse.gatehouse.svc:9191'],
];

async function printed(command: typeof envoyIstioCommand, args: readonly string[]): Promise<string> {
  let text = '';
  const made = command((some) => {
    text += some;
  });
  await made
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync([...args], { from: 'user' });
  return text;
}

interface Patch {
  readonly applyTo: string;
  readonly match: JsonObject;
  readonly patch: { readonly operation: string; readonly value: JsonObject };
}

async function patches(...more: readonly string[]): Promise<readonly Patch[]> {
  const document = parse(await printed(envoyIstioCommand, [...usual, ...more])) as { spec: { configPatches: Patch[] } };
  return document.spec.configPatches;
}

/** As Istio applies them to a chain that has filters of its own. */
function patched(all: readonly Patch[], own: readonly JsonObject[]): readonly JsonObject[] {
  let filters = [...own];
  for (const { applyTo, patch } of all) {
    if (applyTo !== 'HTTP_FILTER') continue;
    assert.equal(patch.operation, 'INSERT_FIRST');
    filters = [patch.value, ...filters];
  }
  return filters;
}

const istios = ['istio.metadata_exchange', 'envoy.filters.http.jwt_authn', 'envoy.filters.http.rbac', 'router'].map(
  (name) => ({ name }),
);

describe('envoy istio', () => {
  it('puts the filters of envoy bootstrap --native before those of Istio, in their order', async () => {
    const bootstrap = parse(
      await printed(envoyBootstrapCommand, [
        ...['--workload', 'default/details', '--label', 'app=details', '--native', '--xds', '10.0.0.5:9445'],
        ...[
          '--listen',
          '0.0.0.0:8443',
          '--upstream',
          '127.0.0.1:9080',
          '--ext-authz',
          '10.0.0.5:9191',
          '--ext-authz-tls',
        ],
      ]),
    );
    const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters.at(-1).typed_config;
    const filters = patched(await patches(), istios);
    const own = filters
      .slice(0, -istios.length)
      .map((each) =>
        each['name'] === 'gatehouse.ext_authz' ? { ...each, name: 'envoy.filters.http.ext_authz' } : each,
      );
    assert.deepEqual(own, manager.http_filters.slice(0, -1));
    assert.deepEqual(filters.slice(-istios.length), istios);
    const [first, log] = (await patches()).filter(({ applyTo }) => applyTo === 'NETWORK_FILTER') as [Patch, Patch]; // these two
    assert.equal(first.patch.operation, 'INSERT_BEFORE');
    assert.deepEqual(first.patch.value, bootstrap.static_resources.listeners[0].filter_chains[0].filters[0]);
    assert.deepEqual((log.patch.value['typed_config'] as JsonObject)['access_log'], [manager.access_log[1]]);
  });

  it('ends refused connections, as the EnvoyFilter for a CUSTOM policy does', async () => {
    const file = join(projectRoot, 'deploy/envoy/istio-envoyfilter.yaml');
    const document = parse(readFileSync(file, 'utf8')) as { spec: { configPatches: Patch[] } };
    const inserted = document.spec.configPatches.filter(({ patch }) => patch.operation === 'INSERT_FIRST');
    assert.deepEqual(
      inserted.map(({ patch }) => patch.value),
      [endRefusedConnections],
    );
    assert.deepEqual(patched(await patches(), istios)[0], endRefusedConnections);
  });

  it('is of the workload alone, and doctor has nothing to say of it', async () => {
    const { metadata, spec } = JSON.parse(await printed(envoyIstioCommand, [...usual, '--output', 'json']));
    assert.deepEqual(metadata, { name: 'gatehouse-native', namespace: 'default' });
    assert.deepEqual(spec.workloadSelector, { labels: { app: 'details' } });
    const filters = patched(spec.configPatches, istios);
    const at = filters.findIndex(({ name }) => name === 'gatehouse.ext_authz');
    assert.ok(isNative(askingConfig(filters[at]!)!));
    assert.deepEqual(examineMatcher(filters[at]!, 'here'), []);
    const network = (spec.configPatches as readonly Patch[]).find(({ patch }) => patch.operation === 'INSERT_BEFORE')!;
    const around = { filters: [network.patch.value], where: 'chain', isQuic: false };
    assert.deepEqual(examineNative(filters, at, undefined, { where: 'here', around }), []);
  });

  it('reaches Gatehouse by the certificate of the sidecar, and takes nobody else for it', async () => {
    const clusters = (
      await patches(
        '--reports',
        'gatehouse.gatehouse.svc:9446',
        '--xds-id',
        'spiffe://cluster.local/gatehouse/authority',
      )
    )
      .filter(({ applyTo }) => applyTo === 'CLUSTER')
      .map(({ patch }) => patch.value);
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ['gatehouse_xds', 'gatehouse_ext_authz', 'gatehouse_reports'],
    );
    for (const [i, who] of ['authority', 'decider', 'decider'].entries()) {
      const text = JSON.stringify(clusters[i]);
      assert.ok(
        text.includes(`{"san_type":"URI","matcher":{"exact":"spiffe://cluster.local/gatehouse/${who}"}}`),
        text,
      );
      assert.ok(text.includes('"cluster_name":"sds-grpc"'), text);
    }
  });

  const refused: readonly { readonly name: string; readonly args: readonly string[]; readonly want: RegExp }[] = [
    {
      name: 'a workload without a namespace',
      args: ['--workload', 'spiffe://cluster.local/x'],
      want: /--workload.*namespace/,
    },
    { name: 'a socket', args: ['--xds', 'unix:/run/x.sock'], want: /--xds.*TCP/ },
    { name: 'a duration without end', args: ['--timeout', '0'], want: /--timeout/ },
    { name: 'the identity of nobody', args: ['--reports-id', 'spiffe://cluster.local/x'], want: /--reports-id/ },
    { name: 'a name that is none', args: ['--name', 'A_b'], want: /--name/ },
  ];
  for (const { name, args, want } of refused)
    it(`refuses ${name}`, () => assert.rejects(printed(envoyIstioCommand, [...usual, ...args]), want));
});
