/**
 * One Envoy with two listeners for each workload: `native` decides itself what it can, `asking` asks about everything. Both have the
 * filters that `envoy bootstrap` prints; what Gatehouse delivers comes from files.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { AUDIT_PREFIX, decidedBy, foundKey, POLICY_PREFIX, RBAC_METADATA } from '../../../src/authz/native/names.ts';
import {
  CONFIG_TYPE_URL,
  configNamed,
  type NativeConfig,
  revocationConfigs,
} from '../../../src/authz/native/native-config.ts';
import { extAuthzCluster } from '../../../src/cli/envoy/clusters.ts';
import { inboundHttpChain } from '../../../src/cli/envoy/http-connection.ts';
import { connectionFoundBy, revocationFound } from '../../../src/cli/envoy/native.ts';
import type { Inbound, SidecarOptions } from '../../../src/cli/envoy/options.ts';
import { inboundTcp } from '../../../src/cli/envoy/tcp-proxy.ts';
import type { NativePolicy } from '../../../src/policy/compile-envoy/native-policy.ts';
import type { LetsIn } from '../../../src/policy/compile-envoy/planes/lets-in.ts';
import { bytesField, toBytes } from '../../../src/policy/compile-envoy/tree/proto-bytes.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { type RunningEnvoy, runEnvoy } from '../../support/run-envoy.ts';
import type { TempDir } from '../../support/temp-dir.ts';
import type { Place } from './draw-policies.ts';
import type { DrawnSettings } from './draw-settings.ts';
import type { IstioFilters } from './istio-column.ts';
import type { Revoked } from './revoke.ts';

/** A workload, and what its Envoy is given. */
export interface Twin {
  readonly place: Place;
  readonly policy: NativePolicy;
  /** Whom the planes beside Istio's let in; undefined: they have no say, or nobody is let in for certain. */
  readonly letsIn: LetsIn | undefined;
  /** The documents of these planes that are the place's own. */
  readonly planeTexts: string;
  readonly configs: ReadonlyMap<string, NativeConfig>;
  /** What Istio makes of its policies, for a third listener; undefined: there is none. */
  readonly istio: IstioFilters | undefined;
}

/** The identity of a place. */
export const workloadOf = ({ name }: Pick<Place, 'name'>): string => `spiffe://cluster.local/ns/${name}/sa/details`;

/** @param directory  holds `all-roots.pem`, and `<place>.pem` with `server.key`. @param how  `name`: of its files; `checks`: the port of Checks; `log`: where connections are told of */
export function runTwins(
  directory: TempDir,
  twins: readonly Twin[],
  {
    name,
    paths,
    revocations: revoked,
    checks,
    log,
  }: Pick<DrawnSettings, 'paths'> & {
    readonly name: string;
    readonly revocations: Revoked;
    readonly checks: number;
    readonly log: string;
  },
): Promise<RunningEnvoy> {
  const optionsFor = (place: Place, native: boolean): SidecarOptions => ({
    ...{ spiffeId: parseSpiffeId(workloadOf(place)), trustDomain: parseTrustDomain('cluster.local'), labels: {} },
    ...{ protocol: place.kind === 'tcp' ? 'tcp' : 'http', inbound: undefined, outbound: [], sds: nowhere },
    ...{
      extAuthz: { kind: 'socket', host: '127.0.0.1', port: checks },
      extAuthzId: undefined,
      serverSpeaksFirst: false,
    },
    ...{ timeoutMs: 30_000, maxConnectionMs: 0, paths, federated: true, admin: undefined, native },
    trustedHops: place.kind === 'gateway' ? place.hops : undefined,
    ...{ xds: undefined, reports: undefined, accessLog: '/dev/null' },
  });
  const revocations = revocationConfigs({ sequence: 1, ...revoked });
  const all = twins.map((twin): Twin => {
    const names = new Set([...twin.configs, ...revocations].map(([, { name: each }]) => each));
    const given = [...names].map((each) => [each, configNamed(each, twin.configs, revocations)!] as const); // its own names
    return { ...twin, configs: new Map(given) };
  });
  const listeners = all.flatMap((twin) => {
    const [native, asking] = [true, false].map((each) =>
      listenerOf({ directory, log }, twin, optionsFor(twin.place, each)),
    );
    return [native!, asking!, ...(twin.istio === undefined ? [] : [askedOfIstio(asking!, twin.place, twin.istio)])];
  });
  const bootstrap = {
    node: { id: name, cluster: name },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: { listeners, clusters: [extAuthzCluster(optionsFor(twins[0]!.place, true))] },
  };
  return runEnvoy({ bootstrap, directory: directory.path, name });
}

const nowhere = { kind: 'socket', host: '127.0.0.1', port: 1 } as const;

/** The listener that asks, with Istio's filters in the place of those that ask. */
function askedOfIstio(asking: Listener, { name, kind, hops }: Place, { http, tcp }: IstioFilters): Listener {
  const chains = asking.filter_chains.map((chain) => {
    if (kind === 'tcp') return { ...chain, filters: [...tcp, echo] };
    const filters = (chain.filters as readonly Manager[]).map(({ typed_config: config, ...rest }) => {
      const [router] = config.http_filters.slice(-1);
      // Gatehouse is told these by its configuration, Envoy alone by its own.
      const trusted = kind === 'sidecar' ? { xff_num_trusted_hops: hops } : {};
      return { ...rest, typed_config: { ...config, ...trusted, http_filters: [...http, router!] } };
    });
    return { ...chain, filters };
  });
  return { ...asking, name: `${name}.istio`, filter_chains: chains };
}

interface Listener {
  readonly name: string;
  readonly filter_chains: readonly { readonly filters: readonly object[] }[];
}

interface Files {
  readonly directory: TempDir;
  readonly log: string;
}

function listenerOf({ directory, log }: Files, { place, configs }: Twin, options: SidecarOptions): Listener {
  const chain = (tls: Inbound['tls']): readonly object[] => {
    const inbound: Inbound = { listen: nowhere, upstream: nowhere, upstreamProtocol: 'http1', tls };
    if (options.protocol === 'http') {
      const filters = inboundHttpChain(options, inbound, 'none');
      return [...filters.slice(0, -1), ...filters.slice(-1).map(answering)];
    }
    return inboundTcp(options, 'none').map((each) => (each['name'] === TCP_PROXY ? echo : each));
  };
  const tls = {
    filter_chain_match: { transport_protocol: 'tls' },
    transport_socket: tlsSocket(directory, place.name),
    filters: chain('mtls'),
  };
  const raw = { filter_chain_match: { transport_protocol: 'raw_buffer' }, filters: chain('plain') };
  const chains = { sidecar: [tls, raw], gateway: [raw], tcp: [tls] }[place.kind];
  const listener = {
    name: `${place.name}.${options.native ? 'native' : 'asking'}`,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    listener_filters: [proxyProtocol, tlsInspector],
    filter_chains: chains,
    ...(place.kind === 'tcp' && options.native ? { access_log: [connectionLog(log)] } : {}),
  };
  return delivered(directory, place.name, listener, configs);
}

const TCP_PROXY = 'envoy.filters.network.tcp_proxy';
const echo = {
  name: 'echo',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo' },
};
/** What a connection came to, by its source port: Envoy tells the caller nothing of it. */
const connectionLog = (path: string): object => ({
  name: 'connections',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    path,
    log_format: {
      text_format_source: { inline_string: `%DOWNSTREAM_REMOTE_PORT% ${connectionFoundBy(POLICY_PREFIX)}\n` },
    },
  },
});

/** The clients say what they ask for. */
const proxyProtocol = {
  name: 'proxy_protocol',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol' },
};
const tlsInspector = {
  name: 'tls_inspector',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' },
};

/** Whoever has a certificate of one of the roots, with whatever names. */
const tlsSocket = (directory: TempDir, name: string): object => ({
  name: 'tls',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    require_client_certificate: true,
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificates: [
        {
          certificate_chain: { filename: directory.at(`${name}.pem`) },
          private_key: { filename: directory.at('server.key') },
        },
      ],
      validation_context: { trusted_ca: { filename: directory.at('all-roots.pem') } },
    },
  },
});

interface Manager {
  readonly name: string;
  readonly typed_config: {
    readonly http_filters: readonly object[];
    readonly route_config: { readonly virtual_hosts: readonly object[] };
  };
}

const told = (filter: string, ...path: readonly string[]): string =>
  `%DYNAMIC_METADATA(${[filter, ...path].join(':')})%`;
const ASKING = 'envoy.filters.http.ext_authz';

/** What is told of dry run and AUDIT: by the trees for these, and by Gatehouse. */
const toldBesides = {
  'x-shadow': `${told(RBAC_METADATA, foundKey(POLICY_PREFIX))} ${told(RBAC_METADATA, `${POLICY_PREFIX}shadow_engine_result`)}`,
  'x-dry-run': told(ASKING, 'gatehouse', 'dry_run', 'decision'),
  'x-marked': decidedBy(AUDIT_PREFIX),
  'x-audit': `${told(ASKING, 'gatehouse', 'audit', 'policy')}#${told(ASKING, 'gatehouse', 'audit', 'rule')}`,
};

/** What passes is answered by Envoy itself; every answer tells the action that the tree came to. */
function answering(filter: object): object {
  const { name, typed_config: config } = filter as Manager; // as inboundHttp writes it
  const action = { header: { key: 'x-action', value: decidedBy(POLICY_PREFIX) } };
  const revocation = { header: { key: 'x-revocation', value: revocationFound } };
  const more = Object.entries(toldBesides).map(([key, value]) => ({ header: { key, value } }));
  const details = { header: { key: 'x-details', value: '%RESPONSE_CODE_DETAILS%' } };
  const always = { status_code_filter: { comparison: { op: 'GE', value: { default_value: 0, runtime_key: 'none' } } } };
  const routes = [{ match: { prefix: '' }, direct_response: { status: 200 } }];
  const virtual_hosts = config.route_config.virtual_hosts.map((each) => ({ ...each, routes }));
  return {
    name,
    typed_config: {
      ...config,
      access_log: [],
      local_reply_config: { mappers: [{ filter: always, headers_to_add: [action, revocation, details, ...more] }] },
      route_config: { ...config.route_config, virtual_hosts },
    },
  };
}

/** Takes what is delivered from files instead. */
function delivered(directory: TempDir, place: string, listener: Listener, configs: Twin['configs']): Listener {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const { name, config_discovery: discovery, ...rest } = value as Discovered;
    if (discovery === undefined)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]));
    const path = directory.at(`${place}.${name}.pb`);
    writeFileSync(path, responseOf(configs.get(name)!)); // each filter has one
    const config_source = { path_config_source: { path }, resource_api_version: 'V3' };
    return {
      name,
      ...rest,
      config_discovery: {
        ...discovery,
        config_source,
        default_config: undefined,
        apply_default_config_without_warming: false,
      },
    };
  };
  return walk(listener) as Listener; // it was one
}

interface Discovered {
  readonly name: string;
  readonly config_discovery?: object;
}

/** `envoy.service.discovery.v3.DiscoveryResponse`, serialized. */
function responseOf({ resource }: NativeConfig): Uint8Array {
  const wrapped = bytesField(1, resource.typeUrl) + bytesField(2, Buffer.from(resource.value).toString('latin1'));
  return toBytes(bytesField(1, '1') + bytesField(2, wrapped) + bytesField(4, CONFIG_TYPE_URL));
}
