/**
 * Envoys that differ in their authorization filter alone: one mTLS listener whose route Envoy answers itself.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/cli/envoy/json.ts';
import { cache } from './paths.ts';
import { headersOf } from './requests.ts';
import { type Asked, destination, principalOf, rulesOf } from './same-rules.ts';

const folder = join(cache, 'certs');

export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export const trustAnchor = join(folder, 'ca.pem');

/** The certificate of a SPIFFE ID, made at first use. */
export function certificateOf(spiffeId: string): Pair {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/O=bench'];
  if (!existsSync(trustAnchor)) {
    const extensions = [
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    ];
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', ...extensions);
  }
  const name = spiffeId.split('/').at(-1)!;
  const pair = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  if (existsSync(pair.certificate)) return pair;
  const extensions = `subjectAltName=URI:${spiffeId},DNS:envoy.local\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=critical,CA:FALSE\n`;
  writeFileSync(join(folder, `${name}.ext`), extensions);
  openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`);
  const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...issuer,
    '-out',
    `${name}.pem`,
    '-days',
    '30',
    '-extfile',
    `${name}.ext`,
  );
  return pair;
}

const typed = (type: string, fields: object): JsonObject => ({
  '@type': `type.googleapis.com/envoy.${type}`,
  ...(fields as JsonObject), // written here
});

/** The filter that istiod makes of the same rules: one RBAC policy a rule. */
export function rbacFilter(count: number): object {
  const policies = Object.fromEntries(
    rulesOf(count).map((rule, i) => {
      const method = { header: { name: ':method', string_match: { exact: rule.method } } };
      const path = { url_path: { path: { prefix: rule.prefix } } };
      const principal = { authenticated: { principal_name: { exact: principalOf(rule) } } };
      const permissions = [
        { and_rules: { rules: [{ or_rules: { rules: [method] } }, { or_rules: { rules: [path] } }] } },
      ];
      const principals = [{ and_ids: { ids: [{ or_ids: { ids: [principal] } }] } }];
      return [`ns[shop]-policy[peers]-rule[${i}]`, { permissions, principals }];
    }),
  );
  const config = typed('extensions.filters.http.rbac.v3.RBAC', { rules: { action: 'ALLOW', policies } });
  return { name: 'envoy.filters.http.rbac', typed_config: config };
}

export function extAuthzFilter(more: object = {}): { readonly name: string; readonly typed_config: JsonObject } {
  const service = { envoy_grpc: { cluster_name: 'authz' }, timeout: '1s' };
  const config = typed('extensions.filters.http.ext_authz.v3.ExtAuthz', {
    transport_api_version: 'V3',
    grpc_service: service,
    ...more,
  });
  return { name: 'envoy.filters.http.ext_authz', typed_config: config };
}

/** What an Envoy may have besides its listener. */
export interface EnvoyParts {
  readonly node?: { readonly id: string; readonly cluster: string };
  readonly clusters?: readonly object[];
  readonly accessLogs?: readonly object[];
  /** Before the connection manager. */
  readonly networkFilters?: readonly object[];
}

export interface EnvoyOptions extends EnvoyParts {
  readonly port: number;
  readonly filters: readonly object[];
  /** Where Check is answered. */
  readonly authz?: string;
}

export function envoyConfig({
  port,
  filters,
  authz,
  node,
  clusters = [],
  accessLogs,
  networkFilters = [],
}: EnvoyOptions): object {
  const server = certificateOf(destination);
  const tls = typed('extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [
        { certificate_chain: { filename: server.certificate }, private_key: { filename: server.key } },
      ],
      validation_context: { trusted_ca: { filename: trustAnchor } },
    },
  });
  const route = { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok\n' } } };
  const router = typed('extensions.filters.http.router.v3.Router', {});
  const manager = typed('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'in',
    codec_type: 'HTTP1',
    normalize_path: true,
    merge_slashes: true,
    forward_client_cert_details: 'APPEND_FORWARD',
    set_current_client_cert_details: { uri: true },
    ...(accessLogs && { access_log: accessLogs }),
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: router }],
  });
  const chain = {
    transport_socket: { name: 'tls', typed_config: tls },
    filters: [...networkFilters, { name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
  };
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    node: node ?? { id: 'bench', cluster: 'bench' },
    static_resources: {
      listeners: [{ name: 'in', address, filter_chains: [chain] }],
      clusters: [...(authz === undefined ? [] : [grpcCluster('authz', authz)]), ...clusters],
    },
  };
}

/** A server that speaks gRPC. `where`: `host:port` or `unix:/path` */
export function grpcCluster(name: string, where: string): object {
  const address = where.startsWith('unix:')
    ? { pipe: { path: where.slice(5) } }
    : { socket_address: { address: '127.0.0.1', port_value: Number(where.slice(where.lastIndexOf(':') + 1)) } };
  const protocol = typed('extensions.upstreams.http.v3.HttpProtocolOptions', {
    explicit_http_config: { http2_protocol_options: {} },
  });
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocol },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

/** The request of the load client: those headers that a client would send itself. */
export function http1Request(asked: Asked): string {
  const envoys = new Set([
    'x-forwarded-client-cert',
    'x-forwarded-proto',
    'x-forwarded-for',
    'x-envoy-attempt-count',
    'x-request-id',
  ]);
  const headers = headersOf(asked);
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(':') && !envoys.has(name));
  const lines = own.map(([name, value]) => `${name}: ${value}`);
  return [
    `${asked.method} ${asked.path} HTTP/1.1`,
    `host: ${headers[':authority']}`,
    'content-length: 0',
    ...lines,
    '',
    '',
  ].join('\r\n');
}
