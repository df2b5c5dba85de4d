import assert from 'node:assert/strict';
import { generateBootstrap } from '../../../../src/cli/envoy/bootstrap.ts';
import { envoyBootstrapCommand } from '../../../../src/cli/envoy/bootstrap-command.ts';
import { keepsRules } from '../../../../src/cli/envoy/bootstrap-rules.ts';
import type { SidecarOptions } from '../../../../src/cli/envoy/options.ts';
import { GatehouseError } from '../../../../src/errors.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';

const socket = (host: string, port: number) => ({ kind: 'socket' as const, host, port });
const base: SidecarOptions = {
  spiffeId: parseSpiffeId('spiffe://cluster.local/ns/default/sa/details'),
  trustDomain: parseTrustDomain('cluster.local'),
  // Labels may be called like fields that are not looked at.
  labels: { app: 'details', allow_paths: 'x' },
  protocol: 'http',
  inbound: {
    listen: socket('0.0.0.0', 8443),
    upstream: socket('127.0.0.1', 9080),
    upstreamProtocol: 'http1',
    tls: 'mtls',
  },
  outbound: [],
  sds: { kind: 'unix', path: '/run/sds.sock' },
  extAuthz: socket('127.0.0.1', 9191),
  extAuthzId: undefined,
  serverSpeaksFirst: false,
  timeoutMs: 1_000,
  maxConnectionMs: 0,
  paths: 'strict',
  trustedHops: undefined,
  federated: false,
  native: false,
  xds: undefined,
  reports: undefined,
  admin: socket('127.0.0.1', 9901),
  accessLog: '/dev/stdout',
};

const FILTER = 'static_resources.listeners[0].filter_chains[0].filters[0].typed_config';

function refusal(act: () => unknown): GatehouseError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof GatehouseError);
    return error;
  }
  assert.fail('nothing was refused');
}

const planted: readonly { readonly name: string; readonly options: Partial<SidecarOptions>; readonly want: RegExp }[] =
  [
    {
      name: 'a port that does not exist',
      options: { extAuthz: socket('127.0.0.1', 65_536) },
      want: /static_resources\.clusters\[1\]\.load_assignment\.endpoints\[0\]\.lb_endpoints\[0\]\.endpoint\.address\.socket_address\.port_value: lte=65535/,
    },
    {
      name: 'a host without a name, on the page of the administrator',
      options: { admin: socket('', 9901) },
      want: /admin\.address\.socket_address\.address: minLen=1/,
    },
    {
      name: 'a socket without a path',
      options: { sds: { kind: 'unix', path: '' } },
      want: /static_resources\.clusters\[0\]\.load_assignment\.\S+\.pipe\.path: minLen=1/,
    },
    {
      name: 'a log without a file, inside of a filter',
      options: { accessLog: '' },
      want: new RegExp(`${FILTER.replaceAll(/[[\].]/g, '\\$&')}\\.access_log\\[0\\]\\.typed_config\\.path: minLen=1`),
    },
    {
      name: 'a number that does not fit',
      options: { inbound: { ...base.inbound!, tls: 'plain' }, trustedHops: 2 ** 33 },
      want: /xff_num_trusted_hops/,
    },
    { name: 'a duration that does not fit', options: { timeoutMs: 1e18 }, want: /Duration/ },
  ];

describe('keepsRules', () => {
  for (const { name, options, want } of planted) {
    it(`refuses ${name}`, () => {
      const { code, message } = refusal(() => keepsRules(generateBootstrap({ ...base, ...options })));
      assert.equal(code, 'config_invalid');
      assert.match(message, want);
    });
  }

  it('refuses a field that no proto has, and a type that nobody knows', () => {
    assert.match(
      refusal(() => keepsRules({ admin: { adress: {} } })).message,
      /Admin from JSON: key "adress" is unknown/,
    );
    const extension = { name: 'x', typed_config: { '@type': 'type.googleapis.com/no.such.Type' } };
    assert.match(refusal(() => keepsRules({ bootstrap_extensions: [extension] })).message, /no\.such\.Type/);
  });

  it('finds an item that is wrong beside a newer field', () => {
    const mutated = {
      mutations: [{ remove_on_match: { key_matcher: { prefix: 'x-' } } }, { remove: 'a\nb' }],
    };
    const TYPE = 'type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation';
    const extension = { name: 'x', typed_config: { '@type': TYPE, ...mutated } };
    assert.match(
      refusal(() => keepsRules({ bootstrap_extensions: [extension] })).message,
      /\.remove: wellKnownRegex=2/,
    );
  });

  it('gives back what it was given', () => {
    const bootstrap = generateBootstrap(base);
    assert.equal(keepsRules(bootstrap), bootstrap);
  });
});

describe('gatehouse envoy bootstrap', () => {
  it('prints nothing that Envoy would refuse', async () => {
    let written = '';
    const command = envoyBootstrapCommand((text) => {
      written += text;
    });
    const args = ['--workload', 'default/a', '--listen', '[::]:1', '--upstream', '[::1]:2', '--access-log', ''];
    await assert.rejects(command.parseAsync(args, { from: 'user' }), /typed_config\.path: minLen=1/);
    assert.equal(written, '');
  });
});
