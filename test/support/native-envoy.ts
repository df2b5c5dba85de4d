/**
 * A real Envoy that walks our trees: a listener for each policy, which tells the action that its tree came to.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tokenChain } from '../../src/authz/native/tokens/token-chain.ts';
import type { JwtAuthn } from '../../src/policy/compile-envoy/tokens/jwt-authn.ts';
import { encodeTree } from '../../src/policy/compile-envoy/tree/encode-tree.ts';
import { any, bytesField, toBytes } from '../../src/policy/compile-envoy/tree/proto-bytes.ts';
import type { Node } from '../../src/policy/compile-envoy/tree/tree.ts';
import { type RunningEnvoy, runEnvoy } from './run-envoy.ts';
import type { TempDir } from './temp-dir.ts';

/** The trees of one listener pair. */
export interface NativeListener {
  readonly name: string;
  readonly http: Node;
  readonly network: Node;
  /** By what tokens are verified around the tree; absent: by nothing. */
  readonly tokens?: JwtAuthn;
}

/** A caller's certificate and key (PEM); undefined: no TLS. */
export type NativeCaller = { readonly cert: string; readonly key: string } | undefined;

/** What is sent. */
export interface NativeRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const HTTP_RBAC = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const NETWORK_RBAC = 'envoy.extensions.filters.network.rbac.v3.RBAC';
const PREFIX = 'gh_';
const typeOf = (type: string): string => `type.googleapis.com/${type}`;

/** Writes one filter's configuration as a file from which Envoy takes it by ECDS. */
function discoveryFile(file: string, name: string, type: string, config: string): object {
  const resource = any(
    'envoy.config.core.v3.TypedExtensionConfig',
    bytesField(1, name) + bytesField(2, any(type, config)),
  );
  const response =
    bytesField(1, '1') + bytesField(2, resource) + bytesField(4, typeOf('envoy.config.core.v3.TypedExtensionConfig'));
  writeFileSync(file, toBytes(response));
  return {
    name,
    config_discovery: {
      config_source: { path_config_source: { path: file }, resource_api_version: 'V3' },
      type_urls: [typeOf(type)],
    },
  };
}

/** Starts it. `directory` holds `server.pem`, `server.key` and `roots.pem`. */
export function runNativeEnvoy(directory: TempDir, listeners: readonly NativeListener[]): Promise<RunningEnvoy> {
  const bootstrap = {
    node: { id: 'native', cluster: 'native' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: {
      listeners: listeners.flatMap((each) => [httpListener(directory, each), networkListener(directory, each)]),
    },
  };
  return runEnvoy({ bootstrap, directory: directory.path, name: 'native' });
}

const tlsInspector = {
  name: 'tls_inspector',
  typed_config: { '@type': typeOf('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector') },
};

/** What a chain of network filters is one of. */
const says = (transport: string): object => ({
  name: 'transport',
  typed_config: {
    '@type': typeOf('envoy.extensions.filters.network.set_filter_state.v3.Config'),
    on_new_connection: [stateOf('gh.transport', transport)],
  },
});

function listener(directory: TempDir, name: string, filters: readonly object[]): object {
  const socket = {
    name: 'tls',
    typed_config: {
      '@type': typeOf('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_certificates: [
          {
            certificate_chain: { filename: directory.at('server.pem') },
            private_key: { filename: directory.at('server.key') },
          },
        ],
        validation_context: { trusted_ca: { filename: directory.at('roots.pem') } },
      },
    },
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    listener_filters: [tlsInspector],
    filter_chains: [
      {
        filter_chain_match: { transport_protocol: 'tls' },
        transport_socket: socket,
        filters: [says('tls'), ...filters],
      },
      { filter_chain_match: { transport_protocol: 'raw_buffer' }, filters: [says('plain'), ...filters] },
    ],
  };
}

const stateOf = (key: string, format: string): object => ({
  object_key: key,
  factory_key: 'envoy.string',
  format_string: { text_format_source: { inline_string: format } },
});

const shown = (key: string, value: string): object => ({ header: { key, value } });

/** Every status. */
const always = { status_code_filter: { comparison: { op: 'GE', value: { default_value: 0, runtime_key: 'none' } } } };

/** The filters of a tree, as they are delivered. */
function filtersOf({ http, tokens }: NativeListener): readonly [type: string, config: string] {
  const tree = bytesField(4, encodeTree(http).bytes) + bytesField(6, PREFIX);
  if (tokens === undefined) return [HTTP_RBAC, tree];
  const { typeUrl, bytes } = tokenChain(tokens, toBytes(tree));
  return [typeUrl.split('/')[1]!, Buffer.from(bytes).toString('latin1')];
}

/** Headers of the request, as they reach the application, which are shown in the answer. */
export const shownHeaders = ['authorization', 'x-jwt', 'x-payload', 'x-user'];

function httpListener(directory: TempDir, listenerOf: NativeListener): object {
  const { name } = listenerOf;
  const [type, config] = filtersOf(listenerOf);
  const setPath = {
    name: 'path',
    typed_config: {
      '@type': typeOf('envoy.extensions.filters.http.set_filter_state.v3.Config'),
      on_request_headers: [
        stateOf('gh.path', '%PATH(NQ:PATH)%'),
        stateOf('gh.request', '%REQ(:METHOD)%\n%PATH(NQ:PATH)%'),
        stateOf('gh.serial', '%DOWNSTREAM_PEER_SERIAL%'),
      ],
    },
  };
  const told = `%DYNAMIC_METADATA(envoy.filters.http.rbac:${PREFIX}enforced_effective_policy_id)%`;
  const manager = {
    '@type': typeOf('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'in',
    delayed_close_timeout: '0.05s',
    local_reply_config: {
      mappers: [
        { filter: always, headers_to_add: [shown('x-details', '%RESPONSE_CODE_DETAILS%'), shown('x-action', told)] },
      ],
    },
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '' }, direct_response: { status: 200 } }],
          response_headers_to_add: [
            shown('seen-path', '%REQ(:PATH)%'),
            ...shownHeaders.map((each) => shown(`seen-${each}`, `%REQ(${each})%`)),
          ],
        },
      ],
    },
    http_filters: [
      setPath,
      discoveryFile(directory.at(`${name}.http.pb`), `${name}.http`, type, config),
      { name: 'router', typed_config: { '@type': typeOf('envoy.extensions.filters.http.router.v3.Router') } },
    ],
  };
  return listener(directory, `${name}.http`, [{ name: 'hcm', typed_config: manager }]);
}

function networkListener(directory: TempDir, { name, network }: NativeListener): object {
  const { bytes } = encodeTree(network);
  const config = bytesField(3, 'gh') + bytesField(6, bytes);
  return listener(directory, `${name}.tcp`, [
    discoveryFile(directory.at(`${name}.tcp.pb`), `${name}.tcp`, NETWORK_RBAC, config),
    { name: 'echo', typed_config: { '@type': typeOf('envoy.extensions.filters.network.echo.v3.Echo') } },
  ]);
}

/** What a request came to: `allow` or `deny`, and the name of the action, e.g. `allow n:allow/default/p#0`. */
export const askHttp = async (port: number, caller: NativeCaller, asked: NativeRequest): Promise<string> =>
  outcomeOf(await askHeaders(port, caller, asked));

/** The headers of the answer, among which what the application would have seen; none where the connection was closed. */
export function askHeaders(port: number, caller: NativeCaller, asked: NativeRequest): Promise<IncomingHttpHeaders> {
  const headers: OutgoingHttpHeaders = { host: asked.host };
  for (const [name, value] of asked.headers) {
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
  }
  const options = {
    host: '127.0.0.1',
    port,
    method: asked.method,
    path: asked.path,
    headers,
    agent: false,
    maxHeaderSize: 65_536,
  };
  return new Promise((resolve, reject) => {
    const made = caller ? httpsRequest({ ...options, ...caller, rejectUnauthorized: false }) : httpRequest(options);
    made.on('response', (response) => {
      response.destroy();
      resolve(response.headers);
    });
    made
      .on('error', reject)
      .on('close', () => resolve({}))
      .end();
  });
}

/** The same by HTTP/2. */
export async function askHttp2(port: number, caller: NativeCaller, asked: NativeRequest): Promise<string> {
  const tls = { ...caller, rejectUnauthorized: false };
  const session = connectHttp2(`${caller ? 'https' : 'http'}://127.0.0.1:${port}`, caller ? tls : {});
  try {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of asked.headers) headers[name] = [...(headers[name] ?? []), value];
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const pseudo = { ':method': asked.method, ':path': asked.path, ':authority': asked.host };
      const stream = session.request({ ...headers, ...pseudo });
      stream.on('response', (got) => resolve(outcomeOf(got))).on('error', reject);
      stream.on('close', () => resolve('')); // where it was answered before, this says nothing
      stream.end();
    });
  } finally {
    session.destroy();
  }
}

/** Empty where no filter saw the request. */
export function outcomeOf(headers: OutgoingHttpHeaders | IncomingHttpHeaders): string {
  const details = String(headers['x-details'] ?? '');
  const denied = /^rbac_access_denied_matched_policy\[(.*)\]$/.exec(details);
  if (denied !== null) return `deny ${denied[1]}`;
  return details === 'direct_response' ? `allow ${String(headers['x-action'])}` : '';
}

/** Long enough for Envoy to see that it is no TLS. */
const HELLO = 'hello, is anybody there?';

/** Whether a connection was let through. */
export function askTcp(port: number, caller: NativeCaller): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = caller
      ? connectTls({ host: '127.0.0.1', port, ...caller, rejectUnauthorized: false }, () => socket.write(HELLO))
      : connect(port, '127.0.0.1', () => socket.write(HELLO));
    const done = (passed: boolean): void => {
      socket.destroy();
      resolve(passed);
    };
    socket
      .on('data', () => done(true))
      .on('close', () => done(false))
      .on('error', () => done(false));
  });
}
