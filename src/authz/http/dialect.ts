/**
 * How each proxy says what it asks about: which header has what, and which line of its configuration makes it so.
 *
 * A header that may be empty begins with `=`, so that an empty one is not taken for a line that is missing.
 * @module
 */
import type { FactName } from '../../policy/rules/needed-fact.ts';

/** Who asks, as the path names him. */
export type CallerName = 'nginx' | 'caddy' | 'traefik' | 'haproxy' | 'envoy';

/** What a proxy says of a request. */
export type Said =
  | 'method'
  | 'uri'
  | 'host'
  | 'scheme'
  | 'certificate'
  | 'verified'
  | 'sni'
  | 'source'
  | 'destination'
  | 'forwardedFor'
  | 'headers'
  | 'workload'
  | 'server';

/** One proxy's way of asking. */
export interface Dialect {
  readonly name: CallerName;
  /** Lower-case header names; no other that begins with `x-gatehouse-` may come. */
  readonly headers: ReadonlyMap<string, Said>;
  /** What has to be there. */
  readonly required: readonly Said[];
  /** Its own headers, which the client did not send. */
  readonly own: ReadonlySet<string>;
  /** Its texts for a value that it does not have; another placeholder is a line that is not ours. */
  readonly none: ReadonlyMap<Said, string>;
  /** The address of the client is put behind `X-Forwarded-For`; elsewhere the proxy has done so. */
  readonly appendsSource: boolean;
  /** Whether a client's header reaches us. @param said  names that the proxy says it passes on, with commas between */
  readonly passesHeader: (name: string, said: string) => boolean;
  /** Facts that no line of its configuration says. */
  readonly never: ReadonlySet<FactName>;
  /** What of its configuration says a fact; undefined: nothing can. */
  readonly lineOf: (fact: FactName) => string | undefined;
}

const neverNone: Dialect['none'] = new Map();
const passesAll = (): boolean => true;
const passesPlain = (name: string): boolean => !name.includes('_');

const own = (...names: readonly Said[]): [string, Said][] => names.map((said) => [`x-gatehouse-${said}`, said]);

const forwarded: readonly [string, Said][] = [
  ['x-forwarded-method', 'method'],
  ['x-forwarded-uri', 'uri'],
  ['x-forwarded-host', 'host'],
  ['x-forwarded-proto', 'scheme'],
];

/** Lines that say a fact, by what the proxy has to say for it. */
function lines(
  saidBy: Readonly<Partial<Record<Said, string>>>,
  ofHeader: (name: string) => string | undefined = () => undefined,
): Dialect['lineOf'] {
  return (fact) => {
    if (fact.startsWith('header ')) return ofHeader(fact.slice('header '.length));
    const said = saidFor.get(fact);
    return said && saidBy[said];
  };
}

const saidFor: ReadonlyMap<string, Said> = new Map([
  ['source.principal', 'certificate'],
  ['source.ip', 'source'],
  ['remote.ip', 'source'],
  ['source.port', 'source'],
  ['destination.ip', 'destination'],
  ['destination.port', 'destination'],
  ['connection.sni', 'sni'],
]);

const nginx: Dialect = {
  name: 'nginx',
  headers: new Map([
    ...own('method', 'uri', 'scheme', 'certificate', 'verified', 'sni', 'source', 'destination'),
    ['host', 'host'],
  ]),
  required: ['method', 'uri', 'certificate', 'verified'],
  own: new Set(['host', 'connection']),
  none: neverNone,
  appendsSource: true,
  passesHeader: passesPlain,
  never: new Set(),
  lineOf: lines(
    {
      certificate: 'proxy_set_header X-Gatehouse-Certificate "=$ssl_client_escaped_cert";',
      sni: 'proxy_set_header X-Gatehouse-Sni "=$ssl_server_name";',
      source: 'proxy_set_header X-Gatehouse-Source $remote_addr:$remote_port;',
      destination: 'proxy_set_header X-Gatehouse-Destination $server_addr:$server_port;',
    },
    (name) => (name.includes('_') ? 'underscores_in_headers on;' : undefined),
  ),
};

const caddy: Dialect = {
  name: 'caddy',
  headers: new Map([
    ...own('certificate', 'sni', 'source', 'destination'),
    ...forwarded,
    ['x-forwarded-for', 'forwardedFor'],
  ]),
  required: ['method', 'uri', 'host', 'certificate', 'forwardedFor'],
  own: new Set([
    'host',
    'connection',
    'via',
    'x-forwarded-method',
    'x-forwarded-uri',
    'x-forwarded-host',
    'x-forwarded-proto',
  ]),
  // of those before 2.11; the others leave it empty
  none: new Map<Said, string>([
    ['certificate', '{http.request.tls.client.certificate_der_base64}'],
    ['sni', '{http.request.tls.server_name}'],
  ]),
  appendsSource: false,
  passesHeader: passesPlain,
  never: new Set(),
  lineOf: lines({
    certificate: 'header_up X-Gatehouse-Certificate "={http.request.tls.client.certificate_der_base64}"',
    sni: 'header_up X-Gatehouse-Sni "={http.request.tls.server_name}"',
    source: 'header_up X-Gatehouse-Source {http.request.remote.host}:{http.request.remote.port}',
    destination:
      'header_up X-Gatehouse-Destination {http.request.local.host}:{http.request.local.port} (Caddy 2.11 or newer)',
  }),
};

const traefik: Dialect = {
  name: 'traefik',
  headers: new Map([
    ...forwarded,
    ['x-forwarded-for', 'forwardedFor'],
    ['x-forwarded-server', 'server'],
    ['x-forwarded-tls-client-cert', 'certificate'],
    ...own('verified'),
  ]),
  required: ['method', 'uri', 'host', 'forwardedFor', 'server', 'verified'],
  own: new Set([
    ...['host', 'connection', 'x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host', 'x-forwarded-proto'],
    ...[
      'x-forwarded-port',
      'x-forwarded-server',
      'x-forwarded-tls-client-cert',
      'x-forwarded-tls-client-cert-info',
      'x-real-ip',
    ],
  ]),
  none: neverNone,
  appendsSource: false,
  passesHeader: passesAll,
  never: new Set<FactName>(['source.port', 'destination.ip', 'destination.port', 'connection.sni']),
  lineOf: lines({ certificate: 'passTLSClientCert: { pem: true }, before forwardAuth' }),
};

const haproxy: Dialect = {
  name: 'haproxy',
  headers: new Map([
    ...own('method', 'uri', 'scheme', 'certificate', 'sni', 'source', 'destination'),
    ['host', 'host'],
  ]),
  required: ['method', 'uri', 'certificate'],
  own: new Set(['host', 'connection']),
  none: neverNone,
  appendsSource: true,
  passesHeader: passesAll,
  never: new Set(),
  lineOf: lines({
    certificate: 'http-request set-var(txn.gatehouse_certificate) ssl_c_der,base64 if { ssl_c_used }',
    sni: 'http-request set-var(txn.gatehouse_sni) ssl_fc_sni',
    source: 'http-request set-var(txn.gatehouse_source) src',
    destination: 'http-request set-var(txn.gatehouse_destination) dst',
  }),
};

let lastList: { readonly text: string; readonly names: ReadonlySet<string> } | undefined;

/** The list stands in a configuration: it is the same every time. */
function namesIn(text: string): ReadonlySet<string> {
  if (lastList?.text !== text)
    lastList = { text, names: new Set(text.split(',').map((name) => name.trim().toLowerCase())) };
  return lastList.names;
}

const header = (name: string, value: string): string => `headers_to_add: [{ key: ${name}, value: "${value}" }]`;

const envoy: Dialect = {
  name: 'envoy',
  headers: new Map([
    ...own('certificate', 'sni', 'source', 'destination', 'headers', 'workload'),
    ['x-forwarded-proto', 'scheme'],
    ['host', 'host'],
  ]),
  required: ['certificate', 'headers', 'host'],
  own: new Set(['host', 'connection', 'content-length', 'x-envoy-internal', 'x-envoy-expected-rq-timeout-ms']),
  none: new Map<Said, string>([
    ['certificate', '-'],
    ['sni', '-'],
  ]),
  appendsSource: false,
  passesHeader: (name, said) => name === 'authorization' || namesIn(said).has(name),
  never: new Set(),
  lineOf: lines(
    {
      certificate: header('x-gatehouse-certificate', '=%DOWNSTREAM_PEER_CERT%'),
      sni: header('x-gatehouse-sni', '=%REQUESTED_SERVER_NAME%'),
      source: header('x-gatehouse-source', '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%'),
      destination: header('x-gatehouse-destination', '%DOWNSTREAM_LOCAL_ADDRESS%'),
    },
    (name) => `allowed_headers: { patterns: [{ exact: ${name} }] }, and ${name} in x-gatehouse-headers`,
  ),
};

/** By the segment of the path that names the caller. */
export const dialects: ReadonlyMap<string, Dialect> = new Map(
  [nginx, caddy, traefik, haproxy, envoy].map((dialect) => [dialect.name, dialect]),
);
