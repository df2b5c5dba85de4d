/**
 * Makes the EnvoyFilter by which the sidecars of a mesh of Istio decide themselves: the filters of `envoy bootstrap --native`, before
 * Istio's own, and a filter of our own that asks.
 * @module
 */
import { type SpiffeId, serviceAccountOf } from '../../../spiffe/spiffe-id.ts';
import type { Address } from '../address.ts';
import { grpcCluster } from '../clusters.ts';
import { grpcExtAuthz, namedWorkload } from '../filters/ext-authz.ts';
import { EXT_AUTHZ_CLUSTER } from '../filters/http-ext-authz.ts';
import { endRefusedConnections } from '../filters/refused-connection.ts';
import type { Json, JsonObject } from '../json.ts';
import { connectionFacts, nativeFilters, REPORTS_CLUSTER, reportDecided, XDS_CLUSTER } from '../native.ts';

/** A listener of Gatehouse, and who must answer there. */
export interface Door {
  readonly address: Address;
  readonly id: SpiffeId;
}

/** What the EnvoyFilter is made from. */
export interface EnvoyFilterOptions {
  readonly name: string;
  /** Whose sidecars these are; it has a namespace. */
  readonly spiffeId: SpiffeId;
  /** Labels of its pods; not empty, since a namespace has other workloads too. */
  readonly labels: Readonly<Record<string, string>>;
  readonly xds: Door;
  readonly extAuthz: Door;
  /** Undefined: they tell where their policy comes from. */
  readonly reports: Door | undefined;
  readonly timeoutMs: number;
}

/** Our filter that asks. Istio's own, of a CUSTOM policy, has a condition of its own, and both may be there. */
const ASKING = 'gatehouse.ext_authz';

const MANAGER = 'envoy.filters.network.http_connection_manager';

/** What Envoy is given, apart from how Istio is told. */
export interface EnvoyParts {
  readonly clusters: readonly JsonObject[];
  /** Before the connection manager. */
  readonly networkFilter: JsonObject;
  /** In their order, before all others. */
  readonly httpFilters: readonly JsonObject[];
  readonly accessLog: JsonObject;
  /** Of every virtual host. */
  readonly perFilterConfig: JsonObject;
}

/** The parts that are patched in. */
export function envoyParts(options: EnvoyFilterOptions): EnvoyParts {
  const { spiffeId, xds, extAuthz, reports, timeoutMs } = options;
  const asking = { ...grpcExtAuthz({ native: true, timeoutMs }), name: ASKING };
  return {
    clusters: [
      grpcCluster(XDS_CLUSTER, xds.address, sidecarTls(xds.id)),
      grpcCluster(EXT_AUTHZ_CLUSTER, extAuthz.address, sidecarTls(extAuthz.id)),
      ...(reports ? [grpcCluster(REPORTS_CLUSTER, reports.address, sidecarTls(reports.id))] : []),
    ],
    networkFilter: connectionFacts,
    httpFilters: [endRefusedConnections, ...nativeFilters(XDS_CLUSTER), asking],
    accessLog: reportDecided(reports === undefined ? XDS_CLUSTER : REPORTS_CLUSTER),
    perFilterConfig: namedWorkload({ spiffeId, trustedHops: undefined }, ASKING),
  };
}

/** `networking.istio.io/v1alpha3` `EnvoyFilter`. */
export function envoyFilter(options: EnvoyFilterOptions): JsonObject {
  const { clusters, networkFilter, httpFilters, accessLog, perFilterConfig } = envoyParts(options);
  const manager = { context: 'SIDECAR_INBOUND', listener: { filterChain: { filter: { name: MANAGER } } } };
  const type = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const configPatches: Json[] = [
    ...clusters.map((value) => patch('CLUSTER', { context: 'SIDECAR_OUTBOUND' }, 'ADD', value)),
    // Each is put before all that are there: the last one comes first.
    ...httpFilters.toReversed().map((value) => patch('HTTP_FILTER', manager, 'INSERT_FIRST', value)),
    patch('NETWORK_FILTER', manager, 'INSERT_BEFORE', networkFilter),
    patch('NETWORK_FILTER', manager, 'MERGE', {
      name: MANAGER,
      typed_config: { '@type': type, access_log: [accessLog] },
    }),
    patch('VIRTUAL_HOST', { context: 'SIDECAR_INBOUND', routeConfiguration: {} }, 'MERGE', {
      typed_per_filter_config: perFilterConfig,
    }),
  ];
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: options.name, namespace: serviceAccountOf(options.spiffeId)?.namespace ?? '' },
    spec: { workloadSelector: { labels: options.labels }, configPatches },
  };
}

const patch = (applyTo: string, match: JsonObject, operation: string, value: JsonObject): JsonObject => ({
  ...{ applyTo, match },
  patch: { operation, value },
});

/** mTLS with the certificate of the sidecar itself, which Istio's agent serves. */
function sidecarTls(server: SpiffeId): JsonObject {
  const secret = (name: string): JsonObject => ({
    name,
    sds_config: {
      resource_api_version: 'V3',
      api_config_source: {
        ...{ api_type: 'GRPC', transport_api_version: 'V3', set_node_on_first_message_only: true },
        grpc_services: [{ envoy_grpc: { cluster_name: AGENT } }],
      },
    },
  });
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
          tls_certificate_sds_secret_configs: [secret('default')],
          combined_validation_context: {
            default_validation_context: {
              match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: server } }],
            },
            validation_context_sds_secret_config: secret('ROOTCA'),
          },
        },
      },
    },
  };
}

/** A cluster of every sidecar's own bootstrap. */
const AGENT = 'sds-grpc';
