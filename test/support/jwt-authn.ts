/**
 * The real jwt_authn, configured as Istio configures a sidecar for some token rules, and asked over HTTP/1.1.
 * @module
 */
import { Agent, request } from 'node:http';
import type { TokenRule } from '../../src/policy/model.ts';
import { type RunningEnvoy, runEnvoy } from './run-envoy.ts';

/** A request; the names of `headers` are lower-case, a name may come twice. Byte strings. */
export interface TokenQuestion {
  readonly method?: string;
  /** Path with query; already normal. */
  readonly path?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** What came back; `seen*` is the request as filters behind jwt_authn see it. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: string;
  readonly wwwAuthenticate: string | undefined;
  readonly seenPath: string;
  /** First line of each header that the rig shows; missing ones are left out. */
  readonly seenHeaders: Readonly<Record<string, string>>;
  readonly claims: unknown;
}

export interface JwtAuthn extends AsyncDisposable {
  ask(set: string, question: TokenQuestion): Promise<TokenAnswer>;
}

export const host = 'judge.example';

/** Headers whose fate the rig shows. */
export const shownHeaders = ['authorization', 'x-jwt', 'x-other', 'x-payload', 'x-user', 'x-level', 'x-list'];

/** Starts an Envoy with one listener for each set of rules. */
export async function runJwtAuthn(
  directory: string,
  sets: Readonly<Record<string, readonly TokenRule[]>>,
): Promise<JwtAuthn> {
  const envoy = await runEnvoy({ bootstrap: bootstrapOf(sets), directory, name: 'jwt-authn' });
  const ports = new Map<string, number>();
  for (const name of Object.keys(sets)) ports.set(name, await envoy.port(name));
  const agent = new Agent({ keepAlive: true });
  return {
    ask: (set, question) => ask(agent, ports.get(set)!, question),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await (envoy satisfies RunningEnvoy)[Symbol.asyncDispose]();
    },
  };
}

function ask(agent: Agent, port: number, question: TokenQuestion): Promise<TokenAnswer> {
  const { method = 'GET', path = '/', headers = [] } = question;
  return new Promise((resolve, reject) => {
    const lines = ['host', host, ...headers.flat()];
    request(
      { agent, host: '127.0.0.1', port, method, path, headers: lines, setHost: false, insecureHTTPParser: true },
      (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => {
          const seen = (name: string) => response.headers[`seen-${name}`] as string | undefined;
          resolve({
            status: response.statusCode ?? 0,
            body,
            wwwAuthenticate: response.headers['www-authenticate'],
            seenPath: seen('path') ?? '',
            seenHeaders: Object.fromEntries(
              shownHeaders.flatMap((name) => (seen(name) === undefined ? [] : [[name, seen(name)!]])),
            ),
            claims: JSON.parse(Buffer.from(seen('claims') ?? 'null', 'latin1').toString()),
          });
        });
      },
    )
      .on('error', reject)
      .end();
  });
}

function bootstrapOf(sets: Readonly<Record<string, readonly TokenRule[]>>): object {
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: {
      listeners: Object.entries(sets).map(([name, rules]) => ({
        name,
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        filter_chains: [{ filters: [connectionManager(name, rules)] }],
      })),
    },
  };
}

function connectionManager(name: string, rules: readonly TokenRule[]): object {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: name,
      normalize_path: true,
      route_config: {
        virtual_hosts: [
          {
            name,
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'passed' } } }],
            response_headers_to_add: [
              shown('path', '%REQ(:PATH)%'),
              shown('claims', '%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload)%'),
              ...shownHeaders.map((header) => shown(header, `%REQ(${header})%`)),
            ],
          },
        ],
      },
      http_filters: [jwtAuthn(rules), router],
    },
  };
}

const shown = (name: string, value: string): object => ({ header: { key: `seen-${name}`, value } });

const router = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

/** What Istio makes of rules: each a provider or nothing, ANDed; or any one provider alone. */
function jwtAuthn(rules: readonly TokenRule[]): object {
  const names = rules.map((_, index) => `origins-${index}`);
  const each = names.map((provider_name) => ({
    requires_any: { requirements: [{ provider_name }, { allow_missing: {} }] },
  }));
  const several = {
    requires_any: {
      requirements: [...names.map((provider_name) => ({ provider_name })), { requires_all: { requirements: each } }],
    },
  };
  return {
    name: 'envoy.filters.http.jwt_authn',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
      providers: Object.fromEntries(rules.map((rule, index) => [names[index], provider(rule)])),
      rules: [{ match: { prefix: '/' }, requires: each.length === 1 ? each[0] : several }],
      bypass_cors_preflight: true,
    },
  };
}

function provider(rule: TokenRule): object {
  return {
    issuer: rule.issuer,
    audiences: rule.audiences,
    forward: rule.forwardOriginalToken,
    forward_payload_header: rule.outputPayloadToHeader,
    payload_in_metadata: 'payload',
    normalize_payload_in_metadata: { space_delimited_claims: rule.spaceDelimitedClaims },
    claim_to_headers: rule.outputClaimToHeaders.map(({ header, claim }) => ({
      header_name: header,
      claim_name: claim,
    })),
    from_headers: rule.fromHeaders.map(({ name, prefix }) => ({ name, value_prefix: prefix })),
    from_params: rule.fromParams,
    from_cookies: rule.fromCookies,
    local_jwks: { inline_string: rule.keys.from === 'inline' ? rule.keys.jwks : '' },
  };
}
