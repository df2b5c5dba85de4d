/**
 * Two Envoys that have their certificates and roots from volumes: one calls the other, with a handshake for each request.
 * @module
 */
const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const OURS = 'spiffe://cluster.local/ns/';

/** Names of both secrets, and what each file says. */
export function secretFiles(volume: string): Readonly<Record<'identity' | 'roots', unknown>> {
  const watched = { watched_directory: { path: volume } };
  const from = (name: string) => ({ filename: `${volume}/${name}` });
  return {
    identity: {
      resources: [
        {
          '@type': secretType,
          name: 'identity',
          tls_certificate: { certificate_chain: from('svid.pem'), private_key: from('svid.pem'), ...watched },
        },
      ],
    },
    roots: {
      resources: [
        {
          '@type': secretType,
          name: 'roots',
          validation_context: {
            trusted_ca: from('roots.pem'),
            ...watched,
            match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: OURS } }],
          },
        },
      ],
    },
  };
}

const secret = (name: string, directory: string) => ({
  name,
  sds_config: { path_config_source: { path: `${directory}/${name}.yaml` }, resource_api_version: 'V3' },
});

const common = (directory: string) => ({
  common_tls_context: {
    tls_certificate_sds_secret_configs: [secret('identity', directory)],
    validation_context_sds_secret_config: secret('roots', directory),
  },
});

const node = { id: 'pod', cluster: 'shop' };
const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };

const listener = (route: object, transport: object = {}) => ({
  name: 'in',
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  filter_chains: [
    {
      ...transport,
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'in',
            route_config: {
              virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, ...route }] }],
            },
            http_filters: [
              {
                name: 'envoy.filters.http.router',
                typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
              },
            ],
          },
        },
      ],
    },
  ],
});

/** Answers 200 to whoever shows a certificate of ours; no session is taken up again. */
export function calleeBootstrap(directory: string): object {
  const typed_config = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    ...common(directory),
    require_client_certificate: true,
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
  };
  const transport = { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config } };
  return { node, admin, static_resources: { listeners: [listener({ direct_response: { status: 200 } }, transport)] } };
}

/** Calls the callee, each time by a new connection. */
export function callerBootstrap(directory: string, port: number): object {
  const typed_config = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    ...common(directory),
    max_session_keys: 0,
  };
  const cluster = {
    name: 'callee',
    connect_timeout: '10s',
    load_assignment: {
      cluster_name: 'callee',
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] },
      ],
    },
    transport_socket: { name: 'envoy.transport_sockets.tls', typed_config },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        common_http_protocol_options: { max_requests_per_connection: 1 },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  };
  return {
    node,
    admin,
    static_resources: { listeners: [listener({ route: { cluster: 'callee' } })], clusters: [cluster] },
  };
}
