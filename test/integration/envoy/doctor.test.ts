import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { doctorCommand } from '../../../src/cli/doctor/doctor-command.ts';
import type { DoctorFinding } from '../../../src/cli/doctor/finding.ts';
import { generateBootstrap } from '../../../src/cli/envoy/bootstrap.ts';
import { type BootstrapFlags, readFlags } from '../../../src/cli/envoy/flags.ts';
import { envoyConfig } from '../../../src/cli/proxy/envoy.ts';
import { eventually } from '../../support/eventually.ts';
import { runEnvoy } from '../../support/run-envoy.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import { tempDir } from '../../support/temp-dir.ts';

const flags: BootstrapFlags = {
  workload: 'default/details',
  trustDomain: 'cluster.local',
  listen: '127.0.0.1:0',
  upstream: '127.0.0.1:9080',
  upstreamProtocol: 'http1',
  outbound: ['127.0.0.1:0=10.0.0.7:8443=default/reviews'],
  label: ['app=details'],
  protocol: 'http',
  serverSpeaksFirst: false,
  sds: 'unix:/nonexistent/gatehouse.sock',
  extAuthz: '127.0.0.1:9191',
  extAuthzTls: false,
  timeout: '1s',
  maxConnectionDuration: '1h',
  paths: 'strict',
  gateway: false,
  trustedHops: '0',
  federated: false,
  admin: '127.0.0.1:0',
  accessLog: '/dev/null',
};

/** A configuration that a test spoils: JSON of which it knows the shape. */
// biome-ignore lint/suspicious/noExplicitAny: a test reaches deep into Envoy's configuration, whose types we do not have
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

interface Parts {
  readonly all: Loose;
  readonly chain: Loose;
  readonly tls: Loose;
  readonly manager: Loose;
  readonly extAuthz: Loose;
  readonly host: Loose;
  readonly checks: Loose;
}

const isAsking = ({ name }: Loose): boolean => name === 'envoy.filters.http.ext_authz';

function parts(all: Loose): Parts {
  const chain = all.static_resources.listeners[0].filter_chains[0];
  const manager = chain.filters.at(-1).typed_config;
  const http = manager.http_filters;
  return {
    all,
    chain,
    tls: chain.transport_socket.typed_config,
    manager,
    extAuthz: http ? http.find(isAsking).typed_config : chain.filters[0].typed_config,
    host: manager.route_config?.virtual_hosts[0],
    checks: all.static_resources.clusters[1],
  };
}

const perRoute = (more: object) => ({
  'envoy.filters.http.ext_authz': {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
    ...more,
  },
});

const filterOff = {
  'envoy.filters.http.ext_authz': { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true },
};

const tenNet = { address_prefix: '10.0.0.0', prefix_len: 8 };

const lua = {
  name: 'envoy.filters.http.lua',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua' },
};

interface Fault {
  readonly code: string;
  readonly kind: DoctorFinding['kind'];
  readonly name: string;
  readonly spoil: (parts: Parts) => void;
  readonly protocol?: 'tcp';
  readonly asking?: 'http';
}

const fault = (kind: Fault['kind'], code: string, name: string, spoil: Fault['spoil']): Fault => ({
  kind,
  code,
  name,
  spoil,
});
const tcpFault = (...args: Parameters<typeof fault>): Fault => ({ ...fault(...args), protocol: 'tcp' });

const httpFault = (code: string, name: string, spoil: Fault['spoil']): Fault => ({
  ...fault('fragile', code, name, spoil),
  asking: 'http',
});

/** What `proxy config envoy` prints. */
function askingByHttp(): object {
  const { files } = envoyConfig({
    ...{ version: [1, 40, 0], namespace: 'default', serviceAccount: 'details', trustDomain: 'cluster.local' },
    ...{ listen: { host: '127.0.0.1', port: 0 }, upstream: { host: '127.0.0.1', port: 9080 } },
    ...{ gatehouse: { host: '127.0.0.1', port: 9192 }, certificates: '/nonexistent/gatehouse.sock' },
    ...{ headersRead: ['x-user'], headersWritten: [] },
  });
  const bootstrap: Loose = parse(files[0]!.text);
  bootstrap.admin.address.socket_address.port_value = 0;
  return bootstrap;
}

const extensions = 'type.googleapis.com/envoy.extensions';

const proxyProtocol = {
  name: 'proxy',
  typed_config: { '@type': `${extensions}.filters.listener.proxy_protocol.v3.ProxyProtocol` },
};

const datagrams = {
  name: 'datagrams',
  address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: 0 } },
  udp_listener_config: {},
  listener_filters: [
    {
      name: 'udp',
      typed_config: {
        '@type': `${extensions}.filters.udp.udp_proxy.v3.UdpProxyConfig`,
        stat_prefix: 'udp',
        matcher: {
          on_no_match: {
            action: {
              name: 'route',
              typed_config: { '@type': `${extensions}.filters.udp.udp_proxy.v3.Route`, cluster: 'application' },
            },
          },
        },
      },
    },
  ],
};

/** The listener as it would be for HTTP/3. */
function byQuic(all: Loose, more: object = {}): void {
  const [inbound] = all.static_resources.listeners;
  inbound.address.socket_address.protocol = 'UDP';
  inbound.udp_listener_config = { quic_options: {} };
  const [chain] = inbound.filter_chains;
  const { '@type': _, ...context } = chain.transport_socket.typed_config;
  delete context.common_tls_context.alpn_protocols;
  chain.transport_socket = {
    name: 'envoy.transport_sockets.quic',
    typed_config: {
      '@type': `${extensions}.transport_sockets.quic.v3.QuicDownstreamTransport`,
      downstream_tls_context: context,
      ...more,
    },
  };
  chain.filters.at(-1).typed_config.codec_type = 'HTTP3';
}

const faults: readonly Fault[] = [
  fault('fail-open', 'failure_mode_allow', 'allows on failure', ({ extAuthz }) => {
    extAuthz.failure_mode_allow = true;
  }),
  fault('fail-open', 'switched_by_runtime', 'asks about half of the requests', ({ extAuthz }) => {
    extAuthz.filter_enabled = { runtime_key: 'authz', default_value: { numerator: 50, denominator: 'HUNDRED' } };
  }),
  fault('fail-open', 'switched_by_metadata', 'asks where metadata says so', ({ extAuthz }) => {
    const path = [{ key: 'k' }];
    extAuthz.filter_enabled_metadata = { filter: 'f', path, value: { string_match: { exact: 'on' } } };
  }),
  fault('fail-open', 'switched_by_metadata', 'asks where somebody’s RBAC filter says so', ({ extAuthz }) => {
    const path = [{ key: 'shadow_effective_policy_id' }];
    extAuthz.filter_enabled_metadata = { filter: 'envoy.filters.http.rbac', path, value: { present_match: true } };
  }),
  fault('inexact', 'no_peer_certificate', 'sends no peer certificate', ({ extAuthz }) => {
    extAuthz.include_peer_certificate = false;
  }),
  fault('inexact', 'no_tls_session', 'sends no SNI', ({ extAuthz }) => {
    extAuthz.include_tls_session = false;
  }),
  fault('inexact', 'headers_joined', 'joins headers', ({ extAuthz }) => {
    extAuthz.encode_raw_headers = false;
  }),
  fault('inexact', 'no_labels', 'sends no labels', ({ extAuthz }) => {
    extAuthz.bootstrap_metadata_labels_key = '';
  }),
  fault('inexact', 'no_labels', 'has no labels to send', ({ all }) => {
    all.node.metadata = {};
  }),
  fault('inexact', 'label_no_text', 'has a label that YAML takes for a boolean', ({ all }) => {
    all.node.metadata.LABELS.canary = true;
  }),
  fault('inexact', 'headers_filtered', 'sends some headers only', ({ extAuthz }) => {
    extAuthz.allowed_headers = { patterns: [{ exact: 'x-user' }] };
  }),
  fault('inexact', 'headers_filtered', 'hides a header', ({ extAuthz }) => {
    extAuthz.disallowed_headers = { patterns: [{ exact: 'cookie' }] };
  }),
  fault('fragile', 'mutations_not_validated', 'does not validate mutations', ({ extAuthz }) => {
    extAuthz.validate_mutations = false;
  }),
  fault('fragile', 'errors_look_like_refusals', 'answers 403 on errors', ({ extAuthz }) => {
    delete extAuthz.status_on_error;
  }),
  fault('fragile', 'http_service', 'asks somebody else by HTTP', ({ extAuthz }) => {
    delete extAuthz.grpc_service;
    extAuthz.http_service = { server_uri: { uri: 'http://a', cluster: 'gatehouse_ext_authz', timeout: '1s' } };
  }),
  fault('fragile', 'long_timeout', 'waits ten minutes', ({ extAuthz }) => {
    extAuthz.grpc_service.timeout = '600s';
  }),
  fault('fragile', 'circuit_breaker', "keeps Envoy's own limit", ({ checks }) => {
    delete checks.circuit_breakers;
  }),
  fault('fail-open', 'plain_check', 'asks another machine without TLS', ({ checks }) => {
    checks.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address = '10.0.0.9';
  }),
  fault('fail-open', 'no_check', 'does not ask', ({ manager }) => {
    manager.http_filters = manager.http_filters.filter((each: Loose) => !isAsking(each));
  }),
  fault('fail-open', 'filter_disabled', 'has the filter switched off', ({ manager }) => {
    manager.http_filters.find(isAsking).disabled = true;
  }),
  fault('inexact', 'changed_after_check', 'changes requests afterwards', ({ manager }) => {
    manager.http_filters.splice(-1, 0, lua);
  }),
  fault('fail-open', 'upgrade_skips_check', 'has filters of its own for upgrades', ({ manager }) => {
    manager.upgrade_configs[0].filters = manager.http_filters.slice(-1);
  }),
  fault('fail-open', 'route_skips_check', 'has a route that does not ask', ({ host }) => {
    host.routes[0].typed_per_filter_config = perRoute({ disabled: true });
  }),
  fault('fail-open', 'route_skips_check', 'has a host that does not ask', ({ host }) => {
    host.typed_per_filter_config = perRoute({ disabled: true });
  }),
  fault('fail-open', 'route_skips_check', 'has a route that switches the filter off', ({ host }) => {
    host.routes[0].typed_per_filter_config = filterOff;
  }),
  fault('inexact', 'route_asks_another', 'has a route that asks somebody else', ({ host }) => {
    const grpc_service = { envoy_grpc: { cluster_name: 'application' } };
    host.routes[0].typed_per_filter_config = perRoute({ check_settings: { grpc_service } });
  }),
  fault('fragile', 'upgrades_not_by_http2', 'has upgrades by HTTP/1.1 only', ({ manager }) => {
    delete manager.http2_protocol_options.allow_connect;
  }),
  fault('inexact', 'callers_internal', 'takes private callers for internal', ({ manager }) => {
    manager.internal_address_config = { unix_sockets: false };
  }),
  fault('inexact', 'callers_internal', 'takes private callers for internal by an empty message', ({ manager }) => {
    manager.internal_address_config = {};
  }),
  fault('inexact', 'callers_internal', 'takes callers of unix sockets for internal', ({ manager }) => {
    manager.use_remote_address = true;
    manager.internal_address_config = { unix_sockets: true, cidr_ranges: [tenNet] };
  }),
  fault('inexact', 'callers_internal', 'believes callers that they are internal', ({ manager }) => {
    manager.internal_address_config = { cidr_ranges: [tenNet] };
  }),
  fault('fragile', 'callers_internal', 'lets a network command it', ({ manager }) => {
    manager.use_remote_address = true;
    manager.internal_address_config = { cidr_ranges: [tenNet] };
  }),
  fault('inexact', 'callers_internal', 'takes its own application for internal', ({ all }) => {
    all.static_resources.listeners[1].filter_chains[0].filters[0].typed_config.internal_address_config = {};
  }),
  fault('inexact', 'path_parameters', 'routes without path parameters', ({ manager }) => {
    manager.route_config.ignore_path_parameters_in_path_matching = true;
  }),
  fault('inexact', 'path_not_normalized', 'does not normalise paths', ({ manager }) => {
    manager.normalize_path = false;
  }),
  fault('inexact', 'slashes_not_merged', 'keeps double slashes', ({ manager }) => {
    manager.merge_slashes = false;
  }),
  fault('inexact', 'escaped_slashes_kept', 'keeps %2f', ({ manager }) => {
    manager.path_with_escaped_slashes_action = 'KEEP_UNCHANGED';
  }),
  fault('inexact', 'client_cert_header_forwarded', "forwards the caller's x-forwarded-client-cert", ({ manager }) => {
    manager.forward_client_cert_details = 'APPEND_FORWARD';
  }),
  fault('inexact', 'trusted_hops', 'believes proxies in front', ({ manager }) => {
    manager.xff_num_trusted_hops = 2;
  }),
  fault('inexact', 'address_by_extension', 'finds the address by an extension', ({ manager }) => {
    delete manager.use_remote_address;
    manager.original_ip_detection_extensions = [
      {
        name: 'xff',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.http.original_ip_detection.xff.v3.XffConfig',
          xff_num_trusted_hops: 1,
        },
      },
    ];
  }),
  fault('fragile', 'refused_connections_kept', 'keeps connections that were refused', ({ manager }) => {
    manager.http_filters = manager.http_filters.filter(({ name }: Loose) => name !== 'gatehouse.refused-connection');
  }),
  fault('fragile', 'refused_connections_kept', 'has other Lua in that place', ({ manager }) => {
    manager.http_filters[0].typed_config.default_source_code.inline_string = 'function envoy_on_response(_) end';
  }),
  httpFault('refused_connections_kept', 'asks by HTTP and is not told why', ({ extAuthz }) => {
    delete extAuthz.http_service.authorization_response.dynamic_metadata_from_headers;
  }),
  httpFault('not_said', 'asks by HTTP and does not say the SNI', ({ extAuthz }) => {
    const { authorization_request: asks } = extAuthz.http_service;
    asks.headers_to_add = asks.headers_to_add.filter(({ key }: Loose) => key !== 'x-gatehouse-sni');
  }),
  {
    ...httpFault('headers_filtered', 'asks by HTTP and hides what it says to pass on', ({ extAuthz }) => {
      extAuthz.allowed_headers.patterns = extAuthz.allowed_headers.patterns.slice(1);
    }),
    kind: 'inexact',
  },
  httpFault('long_timeout', 'asks by HTTP and waits ten minutes', ({ extAuthz }) => {
    extAuthz.http_service.server_uri.timeout = '600s';
  }),
  fault('fragile', 'connections_without_end', 'lets connections live for ever', ({ manager }) => {
    delete manager.common_http_protocol_options.max_connection_duration;
  }),
  fault('inexact', 'no_mtls', 'has no TLS', ({ chain }) => {
    delete chain.transport_socket;
  }),
  fault('inexact', 'certificate_optional', 'wants no certificate', ({ tls }) => {
    tls.require_client_certificate = false;
  }),
  fault('fail-open', 'accept_untrusted', 'accepts certificates that do not verify', ({ tls }) => {
    tls.common_tls_context.combined_validation_context.default_validation_context.trust_chain_verification =
      'ACCEPT_UNTRUSTED';
  }),
  fault('fail-open', 'expired_accepted', 'accepts expired certificates', ({ tls }) => {
    tls.common_tls_context.combined_validation_context.default_validation_context.allow_expired_certificate = true;
  }),
  fault('fail-open', 'no_trusted_ca', 'trusts every authority', ({ tls }) => {
    delete tls.common_tls_context.combined_validation_context;
  }),
  fault('fragile', 'session_resumption', 'resumes sessions', ({ tls }) => {
    tls.disable_stateless_session_resumption = false;
  }),
  fault('inexact', 'quic_taken_for_tcp', 'listens by QUIC', ({ all }) => byQuic(all, { enable_early_data: false })),
  fault('inexact', 'early_data', 'takes early data', ({ all }) => byQuic(all)),
  fault('inexact', 'certificate_optional', 'wants no certificate by QUIC', ({ all, tls }) => {
    tls.require_client_certificate = false;
    byQuic(all);
  }),
  fault('fragile', 'address_by_proxy_protocol', 'takes PROXY headers', ({ all }) => {
    all.static_resources.listeners[0].listener_filters = [proxyProtocol];
  }),
  fault('inexact', 'internal_listener', 'takes connections of another listener', ({ all }) => {
    const [{ address: _, ...inbound }] = all.static_resources.listeners;
    all.static_resources.listeners.push({ ...inbound, name: 'inside', internal_listener: {} });
    all.bootstrap_extensions = [
      { name: 'internal', typed_config: { '@type': `${extensions}.bootstrap.internal_listener.v3.InternalListener` } },
    ];
  }),
  fault('fail-open', 'no_check', 'answers connections by another filter', ({ chain }) => {
    chain.filters = [{ name: 'echo', typed_config: { '@type': `${extensions}.filters.network.echo.v3.Echo` } }];
  }),
  fault('fail-open', 'no_check', 'has a chain beside that does not ask', ({ all, chain }) => {
    const beside = { ...structuredClone(chain), filter_chain_match: { server_names: ['beside.example'] } };
    const { http_filters: filters } = beside.filters.at(-1).typed_config;
    filters.splice(filters.findIndex(isAsking), 1);
    all.static_resources.listeners[0].filter_chains.push(beside);
  }),
  fault('fail-open', 'no_check', 'has other addresses and a chain for the rest that does not ask', ({ all, chain }) => {
    const [inbound] = all.static_resources.listeners;
    inbound.additional_addresses = [{ address: { socket_address: { address: '127.0.0.2', port_value: 0 } } }];
    inbound.default_filter_chain = structuredClone(chain);
    const { http_filters: filters } = inbound.default_filter_chain.filters.at(-1).typed_config;
    filters.splice(filters.findIndex(isAsking), 1);
  }),
  fault('fail-open', 'no_check', 'carries datagrams on', ({ all }) => {
    all.static_resources.listeners.push(datagrams);
  }),
  fault('fail-open', 'admin_open', 'shows its admin pages to everybody', ({ all }) => {
    all.admin.address.socket_address.address = '0.0.0.0';
  }),
  fault('fragile', 'no_listener', 'serves nobody', ({ all }) => {
    all.static_resources.listeners.shift();
  }),
  tcpFault('fail-open', 'failure_mode_allow', 'allows on failure, TCP', ({ extAuthz }) => {
    extAuthz.failure_mode_allow = true;
  }),
  tcpFault('fail-open', 'greeting_unguarded', 'connects at once, TCP', ({ manager }) => {
    manager.upstream_connect_mode = 'IMMEDIATE';
  }),
  tcpFault('fail-open', 'no_check', 'does not ask, TCP', ({ chain }) => {
    chain.filters.shift();
  }),
];

/** What Istio's CUSTOM provider does not set. */
const restored = [
  'include_peer_certificate',
  'include_tls_session',
  'encode_raw_headers',
  'bootstrap_metadata_labels_key',
  'validate_mutations',
];

interface Diagnosis {
  readonly ok: boolean;
  readonly findings: readonly DoctorFinding[];
}

/** Runs a real Envoy on the bootstrap and the command against it. */
async function diagnose(
  bootstrap: object,
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly exit: number; readonly answer: Diagnosis }> {
  await using directory = await tempDir();
  for (const [name, content] of Object.entries(files)) await writeFile(directory.at(name), content);
  for (const source of Object.values((bootstrap as Loose).dynamic_resources ?? {}) as Loose[]) {
    source.path_config_source.path = directory.at(source.path_config_source.path);
  }
  await using envoy = await runEnvoy({ bootstrap, directory: directory.path, waitUntilReady: false });
  if ((bootstrap as Loose).dynamic_resources !== undefined) {
    await eventually(
      'its listeners are there',
      async () => (await envoy.adminPage('/config_dump')).includes('"dynamic_listeners"') || undefined,
    );
  }
  let text = '';
  let exit = -1;
  const terminal = {
    out: (written: string) => {
      text += written;
    },
    err: (written: string) => assert.fail(written),
    exit: (code: number) => {
      exit = code;
    },
  };
  const url = `http://${envoy.admin.replace('0.0.0.0', '127.0.0.1')}`;
  await doctorCommand(terminal).parseAsync(['--envoy', url, '--output', 'json'], { from: 'user' });
  return { exit, answer: JSON.parse(text) as Diagnosis };
}

describe('gatehouse doctor', () => {
  for (const more of [{}, { protocol: 'tcp' }, { native: true }]) {
    it(`finds nothing wrong with our own bootstrap ${JSON.stringify(more)}`, async () => {
      const { exit, answer } = await diagnose(generateBootstrap(readFlags({ ...flags, ...more })));
      assert.deepEqual(answer.findings, []);
      assert.equal(exit, 0);
    });
  }

  it('has nothing but the CUSTOM policy to mention once the EnvoyFilter for Istio is merged', async () => {
    const bootstrap = structuredClone(generateBootstrap(readFlags(flags)));
    const { extAuthz } = parts(bootstrap);
    for (const field of restored) delete extAuthz[field];
    extAuthz.filter_enabled_metadata = {
      filter: 'envoy.filters.http.rbac',
      path: [{ key: 'istio-ext-authz-gatehouse-shadow_effective_policy_id' }],
      value: { string_match: { prefix: 'istio-ext-authz-gatehouse' } },
    };
    const before = await diagnose(bootstrap);
    assert.equal(before.answer.findings.filter(({ kind }) => kind === 'inexact').length, 4);
    const file = join(projectRoot, 'deploy/envoy/istio-envoyfilter.yaml');
    const envoyFilter: Loose = parse(readFileSync(file, 'utf8'));
    Object.assign(extAuthz, envoyFilter.spec.configPatches[0].patch.value.typed_config);
    const { answer } = await diagnose(bootstrap);
    assert.deepEqual(
      answer.findings.map(({ code }) => code),
      ['asked_by_custom_policy'],
    );
  });

  it('tells of every connection manager, also in a listener that came by xDS and waits for its certificate', async () => {
    const bootstrap: Loose = structuredClone(generateBootstrap(readFlags(flags)));
    const [inbound, outbound] = bootstrap.static_resources.listeners.splice(0);
    const managers = [inbound, outbound].map((each) => each.filter_chains[0].filters.at(-1).typed_config);
    for (const manager of managers) manager.internal_address_config = {};
    managers[1].route_config.virtual_hosts[0].routes[0].route.cluster = 'application';
    inbound.default_filter_chain = structuredClone(inbound.filter_chains[0]);
    bootstrap.static_resources.listeners.push({ ...structuredClone(outbound), name: 'static' });
    bootstrap.static_resources.clusters.splice(3); // xDS begins when all clusters have their certificates
    bootstrap.dynamic_resources = {
      lds_config: { path_config_source: { path: 'lds.json' }, resource_api_version: 'V3' },
    };
    const resources = [inbound, outbound].map((each) => ({
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      ...each,
    }));
    const { answer } = await diagnose(bootstrap, { 'lds.json': JSON.stringify({ version_info: '1', resources }) });
    const found = answer.findings.filter(({ code }) => code === 'callers_internal');
    assert.deepEqual(found.map(({ where }) => where).sort(), [
      'listeners[inbound].default_filter_chain.filters[0].internal_address_config',
      'listeners[inbound].filter_chains[0].filters[0].internal_address_config',
      'listeners[outbound_0].filter_chains[0].filters[0].internal_address_config',
      'listeners[static].filter_chains[0].filters[0].internal_address_config',
    ]);
  });

  it('finds nothing wrong with our own bootstrap that asks by HTTP', async () => {
    const { exit, answer } = await diagnose(askingByHttp());
    assert.deepEqual(answer.findings, []);
    assert.equal(exit, 0);
  });

  for (const { kind, code, name, spoil, protocol = 'http', asking } of faults) {
    it(`tells of an Envoy that ${name}: ${code}`, async () => {
      const bootstrap =
        asking === 'http' ? askingByHttp() : structuredClone(generateBootstrap(readFlags({ ...flags, protocol })));
      spoil(parts(bootstrap));
      const { exit, answer } = await diagnose(bootstrap);
      const found = answer.findings.filter((finding) => finding.code === code);
      assert.equal(found.length > 0, true, JSON.stringify(answer.findings));
      for (const finding of found) {
        assert.equal(finding.kind, kind);
        assert.notEqual(finding.fix, '');
        assert.notEqual(finding.where, '');
      }
      assert.equal(exit, kind === 'fragile' ? 0 : 1);
    });
  }
});
