/**
 * An Envoy whose jwt_authn fetches the keys of an issuer itself.
 * @module
 */

/** jwt_authn keeps a set for 10 minutes, unless told, and fetches none for a `kid` that it does not know. */
const DEFAULT_CACHE_SECONDS = 600;

interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  /** PEM file of what it believes. */
  readonly roots: string;
  readonly leadSeconds: number;
}

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.${name}` });

/**
 * Makes the bootstrap: a listener `verify` that answers 200 with `x-subject` to who carries a token of `issuer` for `audience`.
 * The set is kept for as long as the lead of a key is, if that is less than the default.
 */
export function jwtAuthnBootstrap({ issuer, audience, roots, leadSeconds }: Issuer): object {
  const { hostname, port } = new URL(issuer);
  const cacheSeconds = Math.min(leadSeconds, DEFAULT_CACHE_SECONDS);
  const provider = {
    ...{ issuer, audiences: [audience] },
    remote_jwks: {
      http_uri: { uri: `${issuer}/keys`, cluster: 'issuer', timeout: '20s' },
      cache_duration: `${cacheSeconds}s`,
    },
    claim_to_headers: [{ header_name: 'x-subject', claim_name: 'sub' }],
  };
  const connectionManager = {
    ...type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'verify',
    route_config: {
      virtual_hosts: [
        {
          ...{ name: 'verify', domains: ['*'] },
          routes: [
            {
              ...{ match: { prefix: '/' }, direct_response: { status: 200 } },
              response_headers_to_add: [{ header: { key: 'x-subject', value: '%REQ(x-subject)%' } }],
            },
          ],
        },
      ],
    },
    http_filters: [
      {
        name: 'jwt',
        typed_config: {
          ...type('extensions.filters.http.jwt_authn.v3.JwtAuthentication'),
          providers: { gatehouse: provider },
          rules: [{ match: { prefix: '/' }, requires: { provider_name: 'gatehouse' } }],
        },
      },
      { name: 'router', typed_config: type('extensions.filters.http.router.v3.Router') },
    ],
  };
  const loopback = (port_value: number) => ({ socket_address: { address: '127.0.0.1', port_value } });
  return {
    admin: { address: loopback(0) },
    static_resources: {
      listeners: [
        {
          ...{ name: 'verify', address: loopback(0) },
          filter_chains: [{ filters: [{ name: 'http', typed_config: connectionManager }] }],
        },
      ],
      clusters: [
        {
          ...{ name: 'issuer', type: 'STATIC' },
          load_assignment: {
            cluster_name: 'issuer',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(Number(port)) } }] }],
          },
          transport_socket: {
            name: 'tls',
            typed_config: {
              ...type('extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
              sni: hostname,
              common_tls_context: {
                validation_context: {
                  trusted_ca: { filename: roots },
                  match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: hostname } }],
                },
              },
            },
          },
        },
      ],
    },
  };
}
